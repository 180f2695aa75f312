// Builds the page into the bundle, or into the folder that is the first argument: hashed names, compressed beside.

import { build } from "esbuild";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const HERE = dirname(fileURLToPath(import.meta.url));
const OUT = process.argv[2] ?? join(HERE, "../../chalicelib/console/static");
/** Smaller files gain nothing. */
const SMALLEST = 1_000;

rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });
const result = await build({
  entryPoints: { page: join(HERE, "src/main.tsx") },
  absWorkingDir: HERE,
  outdir: OUT,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  minify: true,
  format: "esm",
  target: ["es2023", "chrome123", "firefox120", "safari17.5"],
  charset: "utf8",
  legalComments: "none",
  jsx: "automatic",
  jsxImportSource: "preact",
  metafile: true,
});

const outputs = Object.entries(result.metafile.outputs);
const entry = outputs.find(([, output]) => output.entryPoint === "src/main.tsx");
const base = (path) => path.split("/").at(-1);
const icon = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#1d5fc2"/><path d="M8 10h9M8 16h6M8 22h9M19.5 12.5a5 5 0 0 1 0 7M22.8 9.2a9.6 9.6 0 0 1 0 13.6" fill="none" stroke="#fff" stroke-width="2.4" stroke-linecap="round"/></svg>\n';
writeFileSync(join(OUT, "icon.svg"), icon);
const preloads = entry[1].imports.filter((each) => each.kind === "import-statement").map((each) => `<link rel="modulepreload" href="${base(each.path)}">`);
writeFileSync(
  join(OUT, "index.html"),
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Ringledger</title>
<link rel="icon" href="icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${base(entry[1].cssBundle)}">
${preloads.join("\n")}
<script type="module" src="${base(entry[0])}"></script>
</head>
<body>
<div id="app"></div>
<noscript>This page needs JavaScript. The interface for programs is described at <a href="../docs">docs</a>.</noscript>
</body>
</html>
`,
);
writeFileSync(join(OUT, "LICENSES.txt"), licences());

for (const name of readdirSync(OUT)) {
  const content = readFileSync(join(OUT, name));
  if (content.length < SMALLEST || !/\.(js|css|html|txt)$/.test(name)) continue;
  writeFileSync(join(OUT, `${name}.gz`), gzipSync(content, { level: 9 }));
  writeFileSync(join(OUT, `${name}.br`), brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
}

/** Return the licences of every package that is part of the files. */
function licences() {
  const inputs = Object.keys(result.metafile.inputs);
  const names = new Set(inputs.map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]).filter(Boolean));
  const parts = [...names].sort().map((name) => {
    const folder = join(HERE, "node_modules", name);
    const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    const text = file ? readFileSync(join(folder, file), "utf8").trim() : about.license;
    return `${name} ${about.version} (${about.license})\n\n${text}\n`;
  });
  return `The files of this folder contain these packages.\n\n${parts.join(`\n${"-".repeat(80)}\n\n`)}`;
}
