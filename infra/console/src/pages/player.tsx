// The player of a recording: it asks for a fresh address, seeks, skips ten seconds, and changes speed.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { identify, may } from "../access";
import { Failure, getJson } from "../api";
import { Icon, Note, Trouble } from "../parts/basics";
import { bytes, clock, number, t, word } from "../words";

interface PlayableFile { location: string; size: number; type: string; expires: number }
const SPEEDS = [0.75, 1, 1.25, 1.5, 2];
const SKIP = 10;

/** With `starts` it begins to play without another press. */
export function Player({ inviteid, seconds, starts }: { inviteid: string; seconds: number; starts: boolean }): JSX.Element {
  const [file, setFile] = useState<PlayableFile | null>(null);
  const [failure, setFailure] = useState<Error | null>(null);
  const [busy, setBusy] = useState(false);
  const load = (): void => {
    setBusy(true);
    setFailure(null);
    getJson<PlayableFile>(`rest/v1/journal/calls/${inviteid}/attachment1?redirect=0`)
      .then(setFile, (reason: Error) => {
        setFailure(explained(reason));
        // The surface of recordings refuses a token that ended like one without its scope.
        if (reason instanceof Failure && reason.kind === "scope") void identify().catch(() => undefined);
      })
      .finally(() => setBusy(false));
  };
  useEffect(() => {
    if (starts && may("recordings")) load();
  }, []);
  if (!may("recordings")) return <Note>{t("player.scope")}</Note>;
  if (failure) return <Trouble failure={failure} retry={load} />;
  if (!file) {
    return (
      <button type="button" class="primary" onClick={load} disabled={busy} data-test="listen">
        <Icon name="play" filled />{busy ? t("loading") : t("player.listen")}
      </button>
    );
  }
  return <Deck file={file} inviteid={inviteid} seconds={seconds} again={load} />;
}

function explained(reason: Error): Error {
  if (!(reason instanceof Failure)) return reason;
  if (reason.kind === "scope") return new Failure("refused", t("player.scope"));
  const known = word("player", reason.code);
  return known === reason.code ? reason : new Failure("refused", known);
}

interface Deck { file: PlayableFile; inviteid: string; seconds: number; again: () => void }

function Deck({ file, inviteid, seconds, again }: Deck): JSX.Element {
  const audio = useRef<HTMLAudioElement>(null);
  const [at, setAt] = useState(0);
  const [length, setLength] = useState(seconds);
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(1);
  const [broken, setBroken] = useState(false);
  useEffect(() => {
    setBroken(false);
    audio.current?.play().catch(() => undefined);
  }, [file.location]);
  useEffect(() => {
    if (audio.current) audio.current.playbackRate = speed;
  }, [speed, file.location]);
  const seek = (to: number): void => {
    const element = audio.current;
    if (element) element.currentTime = Math.max(0, Math.min(to, element.duration || length));
  };
  const toggle = (): void => void (playing ? audio.current?.pause() : audio.current?.play().catch(() => setBroken(true)));
  const skip = (by: number): void => seek((audio.current?.currentTime ?? 0) + by);
  const keys = (event: KeyboardEvent): void => {
    if (event.target instanceof HTMLSelectElement || event.target instanceof HTMLInputElement) return;
    if (event.key === "ArrowLeft") skip(-SKIP);
    else if (event.key === "ArrowRight") skip(SKIP);
    else return;
    event.preventDefault();
  };
  return (
    <div class="player" role="group" aria-label={t("player.title")} onKeyDown={keys}>
      <audio
        ref={audio}
        src={file.location}
        preload="metadata"
        onTimeUpdate={() => setAt(audio.current?.currentTime ?? 0)}
        onLoadedMetadata={() => Number.isFinite(audio.current?.duration) && setLength(audio.current!.duration)}
        onPlay={() => setPlaying(true)}
        onPause={() => setPlaying(false)}
        onError={() => setBroken(true)}
      />
      <div class="transport">
        <button type="button" class="quiet" onClick={() => skip(-SKIP)} data-test="back"><span aria-hidden="true">−{number(SKIP)}</span><span class="hidden">{t("player.back")}</span></button>
        <button type="button" class="round" onClick={toggle} aria-label={playing ? t("player.pause") : t("player.play")}>
          <Icon name={playing ? "pause" : "play"} filled={!playing} />
        </button>
        <button type="button" class="quiet" onClick={() => skip(SKIP)} data-test="on"><span aria-hidden="true">+{number(SKIP)}</span><span class="hidden">{t("player.on")}</span></button>
      </div>
      <span class="clock">{clock(at)}</span>
      <input
        type="range" min={0} max={Math.max(1, length)} step={0.1} value={at} aria-label={t("player.position")}
        aria-valuetext={`${clock(at)} / ${clock(length)}`} onInput={(event) => seek(Number(event.currentTarget.value))}
      />
      <span class="clock">{clock(length)}</span>
      <label class="speed">
        <span class="hidden">{t("player.speed")}</span>
        <select value={String(speed)} onChange={(event) => setSpeed(Number(event.currentTarget.value))}>
          {SPEEDS.map((each) => <option key={each} value={String(each)}>{number(each, 2)}×</option>)}
        </select>
      </label>
      <Save inviteid={inviteid} file={file} />
      {broken && <Trouble failure={new Failure("refused", t("player.broken", { type: file.type }))} retry={again} />}
    </div>
  );
}

function Save({ inviteid, file }: { inviteid: string; file: PlayableFile }): JSX.Element {
  const open = (): void => {
    void getJson<PlayableFile>(`rest/v1/journal/calls/${inviteid}/attachment1?redirect=0&attachment=true`).then((fresh) => {
      Object.assign(document.createElement("a"), { href: fresh.location, rel: "noreferrer" }).click();
    });
  };
  return (
    <button type="button" class="quiet" onClick={open} title={`${file.type}, ${bytes(file.size)}`}>
      <Icon name="download" /><span class="desk-only">{bytes(file.size)}</span><span class="hidden">{t("player.save")}</span>
    </button>
  );
}
