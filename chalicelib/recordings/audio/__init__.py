"""Checks that a downloaded file is a whole recording, and names its format.

Why no library: `filetype`, `puremagic`, `mutagen` and `tinytag` recognise most of these formats, but not all (RF64, raw
GSM, AMR and MP3 without a tag), and none of them notices that a WAV, MP3, MP4 or WebM file is cut in half.

One rule holds for every format: the audio must be complete and not empty. What follows the audio (tags, an index,
padding) may be missing. Some cuts cannot be seen in the bytes:

* between two frames of a format that states no length: MP3 without a Xing header, ADTS, AMR and raw GSM; of an MP3 file
  with a Xing header, only its last frame;
* between two elements of a live WebM stream, and between two fragments of a fragmented MP4 file;
* anywhere in the audio of a streamed WAV file, which states 0xFFFFFFFF (FFmpeg) or 0x7FFFF000 (SoX) as its size;
* between two frames of a FLAC file that does not state its number of samples.

MP3 and ADTS need three frames in a row (about 0.1 s) to be recognised. MP3 with a free bitrate is not recognised.
"""
