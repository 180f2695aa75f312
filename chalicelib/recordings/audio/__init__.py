"""Checks that a downloaded file is a whole recording, and names its format.

Why no library: `filetype`, `puremagic`, `mutagen` and `tinytag` recognise most of these formats, but not all (RF64, raw
GSM, AMR and MP3 without a tag), and none of them notices that a WAV, MP3, MP4 or WebM file is cut in half.

One rule holds for every format: the audio must be complete and not empty. What follows the audio (tags, an index,
padding) may be missing. Some cuts cannot be seen in the bytes:

* between two frames of a format that states no length: MP3 without a Xing header, ADTS, AMR and raw GSM;
* between two elements of a live WebM stream, and between two fragments of a fragmented MP4 file;
* anywhere in a WAV file that was streamed, which states 0xFFFFFFFF as the size of its audio;
* between two frames of a FLAC file that does not state its number of samples.
"""
