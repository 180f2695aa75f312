#!/bin/sh
# Makes the samples of this folder: short tones, one for each format. The files are committed, so that tests need no encoder.
# Debian 12: apt-get install ffmpeg sox libsox-fmt-all flac gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-bad
set -eu
cd "$(dirname "$0")"

tone() { # RATE SECONDS OPTIONS… FILE
    rate=$1 seconds=$2
    shift 2
    ffmpeg -v error -y -f lavfi -i "sine=frequency=440:sample_rate=$rate:duration=$seconds" -ac 1 \
        -fflags +bitexact -flags:a +bitexact "$@"
}

tone 8000 0.15 -c:a pcm_s16le pcm.wav
tone 8000 0.3 -c:a pcm_alaw alaw.wav
tone 8000 0.4 -c:a gsm_ms gsm49.wav
tone 8000 0.15 -c:a pcm_s16le -rf64 always rf64.wav
tone 8000 0.15 -c:a pcm_s16le -f wav - | cat > streamed.wav
tone 8000 0.6 -c:a libmp3lame -b:a 16k xing.mp3
tone 8000 0.6 -c:a libmp3lame -b:a 16k -write_xing 0 -id3v2_version 0 bare.mp3
tone 8000 0.4 -c:a libvorbis vorbis.ogg
tone 48000 0.4 -c:a libopus -b:a 16k opus.opus
tone 8000 0.4 -c:a aac -b:a 16k -f adts adts.aac
tone 8000 0.4 -c:a aac -b:a 16k index-last.m4a
tone 8000 0.4 -c:a aac -b:a 16k -movflags faststart index-first.m4a
tone 8000 0.4 -c:a aac -b:a 16k -movflags frag_keyframe+empty_moov fragmented.m4a
tone 48000 0.4 -c:a libopus -b:a 16k indexed.webm
tone 48000 0.4 -c:a libopus -b:a 16k -f webm - | cat > live.webm
tone 8000 0.5 -c:a gsm raw.gsm
flac --silent --force --best --no-padding --blocksize=256 pcm.wav -o frames.flac
sox -n -r 8000 -c 1 -t amr-nb narrow.amr synth 0.5 sine 440
# GStreamer writes frames without the magic number of RFC 4867.
tone 16000 0.4 -f wav wide.wav
gst-launch-1.0 -q filesrc location=wide.wav ! wavparse ! audioconvert ! voamrwbenc ! filesink location=wide.raw
(printf '#!AMR-WB\n' && cat wide.raw) > wide.awb
rm wide.wav wide.raw
