// Builds each of src/*.js into one module for the browser, and lists it: versions, licences, SHA-256. Run by hand
// (`npm ci && npm run build`); what comes out is committed, so that neither a server nor a browser needs Node.
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { build } from "esbuild";

const OUT = new URL("../../src/ggzy/ui/static/vendor/", import.meta.url);
// what seals comes first: the page names it by its hash; what only moves ciphertext is apart, so that it stays small;
// what shows a PDF is large, and loaded on the evaluation desk alone
const NAMES = ["bidkit.js", "uploadkit.js", "pdfkit.js", "pdfworker.js"];

// sm-crypto-v2 has an incremental SM3 and keeps it to itself; a bid of 500 MB cannot be hashed in one piece.
const giveSm3 = {
  name: "give-sm3",
  setup({ onLoad }) {
    onLoad({ filter: /sm-crypto-v2[\\/]dist[\\/]index\.mjs$/ }, async ({ path }) => ({
      contents: `${await readFile(path, "utf8")}\nexport { SM3 };\n`,
      loader: "js",
    }));
  },
};

// pdf.js compiles the functions of a PDF to JavaScript where it may; our policy forbids that, and so it is not there.
const noCompiling = {
  name: "no-compiling",
  setup({ onLoad }) {
    onLoad({ filter: /pdfjs-dist[\\/]legacy[\\/]build[\\/].*\.mjs$/ }, async ({ path }) => ({
      contents: `${(await readFile(path, "utf8")).replaceAll("new Function(", "noCompiling(")}
function noCompiling() { throw new Error("not compiled"); }\n`,
      loader: "js",
    }));
  },
};

async function bundle(name) {
  const made = await build({
    entryPoints: [new URL(`src/${name}`, import.meta.url).pathname],
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    legalComments: "none",
    banner: { js: "/* Made by tools/browser; sources, versions and licences: BUNDLES.json, LICENSES.txt */" },
    plugins: [giveSm3, noCompiling],
    metafile: true,
    write: false,
  });
  const [output] = Object.values(made.metafile.outputs);
  const folders = new Set(Object.entries(output.inputs).filter(([, used]) => used.bytesInOutput)
    .map(([path]) => path).map((path) => path.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//)?.[1]).filter(Boolean));
  const packages = [...folders].sort().map((folder) => {
    const about = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
    const text = ["LICENSE", "LICENSE.md", "LICENSE.txt", "license"].map((file) => {
      try { return readFileSync(`${folder}/${file}`, "utf8").trim(); } catch { return ""; }
    }).find(Boolean) ?? "";
    return { name: about.name, version: about.version, licence: about.license, text };
  });
  return { name, bytes: made.outputFiles[0].contents, packages };
}

const bundles = [];
for (const name of NAMES) bundles.push(await bundle(name));
// sm-crypto-v2 ships no licence text; its package.json says MIT
const licences = [...new Map(bundles.flatMap(({ packages }) => packages).map((one) => [`${one.name} ${one.version}`, one])).values()]
  .map((one) => `${one.name} ${one.version} (${one.licence})\n\n${one.text || "(named in its package.json)"}\n`);

// character maps of Chinese fonts that a PDF names and does not hold, and the decoder of JPEG 2000 without WebAssembly
const PDF = new URL("node_modules/pdfjs-dist/", import.meta.url), KEPT = new URL("pdf/", OUT);
rmSync(KEPT, { recursive: true, force: true });
mkdirSync(KEPT);
for (const map of readdirSync(new URL("cmaps/", PDF)).filter((file) => /GB/.test(file))) {
  copyFileSync(new URL(`cmaps/${map}`, PDF), new URL(map, KEPT));
}
copyFileSync(new URL("wasm/openjpeg_nowasm_fallback.js", PDF), new URL("openjpeg_nowasm_fallback.js", KEPT));
licences.push(...[["cmaps/LICENSE", "character maps (BSD-3-Clause)"], ["wasm/LICENSE_OPENJPEG", "OpenJPEG (BSD-2-Clause)"]]
  .map(([file, says]) => `${says}\n\n${readFileSync(new URL(file, PDF), "utf8").trim()}\n`));

// the lock file names versions and hashes; whose registry it is, and who asks for money, is nobody's business here
const lockFile = new URL("package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(lockFile, "utf8"));
for (const one of Object.values(lock.packages)) { delete one.funding; delete one.resolved; }
writeFileSync(lockFile, `${JSON.stringify(lock, null, 2)}\n`);

const madeWith = `esbuild ${JSON.parse(readFileSync(new URL("node_modules/esbuild/package.json", import.meta.url), "utf8")).version}`;
for (const { name, bytes, packages } of bundles) {
  writeFileSync(new URL(name, OUT), bytes);
  console.log(`${name}: ${bytes.length} bytes, ${packages.length} packages`);
}
writeFileSync(new URL("LICENSES.txt", OUT), licences.join(`\n${"=".repeat(80)}\n\n`));
writeFileSync(new URL("BUNDLES.json", OUT), `${JSON.stringify(bundles.map(({ name, bytes, packages }) => ({
  file: name,
  size: bytes.length,
  sha256: createHash("sha256").update(bytes).digest("hex"),
  made_with: madeWith,
  packages: packages.map((one) => ({ name: one.name, version: one.version, licence: one.licence })),
})), null, 2)}\n`);
