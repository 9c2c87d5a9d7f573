// Seals and tries a bid off the page's own thread. One task at a time: {seal} or {rehearse}; {pause}, {go on}, {cancel}.
import { NotSealed, PROFILES, seal, sealTwo, tryOpen } from "./bidbox.js";
import { EnvelopeBroken } from "./asn1.js";
import { ownKey } from "./keyring.js";

class Cancelled extends Error {}

const BREATH = 4 << 20;
const SHARE = 8 << 20;
let paused = null, cancelled = false;

// Tells how far it is, lets messages in, waits while paused.
function pace(phase) {
  let told = 0, breathed = 0;
  return async (done, total) => {
    if (done - breathed >= BREATH || done >= total) {
      breathed = done;
      await new Promise((resolve) => { setTimeout(resolve); });
    }
    while (paused) await paused.promise;
    if (cancelled) throw new Cancelled();
    if (performance.now() - told > 100) {
      told = performance.now();
      postMessage({ phase, done, total });
    }
  };
}

async function write(folder, name, data) {
  const access = await (await folder.getFileHandle(name, { create: true })).createSyncAccessHandle();
  access.truncate(0);
  access.write(data, { at: 0 });
  access.flush();
  access.close();
}

// The ciphertext goes into a file of the browser's own (OPFS), or where there is none, into Blobs. An earlier bid for
// the same round stays until the new one is whole.
async function place(name, sealed) {
  let access, folder, handle;
  try {
    folder = await (await (await navigator.storage.getDirectory()).getDirectoryHandle("sealed", { create: true })).getDirectoryHandle(name, { create: true });
    handle = await folder.getFileHandle("new.age", { create: true });
    access = await handle.createSyncAccessHandle();
    access.truncate(0);
  } catch (trouble) {
    if (trouble.name === "NoModificationAllowedError") throw new NotSealed("另一个窗口正在为本标段加密, 请先关闭那个窗口");
    return inMemory();
  }
  let at = 0;
  return {
    write(bytes) {
      const wrote = access.write(bytes, { at });
      if (wrote !== bytes.length) throw new NotSealed("本机磁盘空间不足, 请清理后重试");
      at += wrote;
    },
    async end({ manifest, signature, envelope, shares, second }) {
      access.flush();
      access.close();
      for (const old of ["manifest.json", "shares.json", "second.p7m", ...Object.values(PROFILES).map((one) => one.payload)]) await folder.removeEntry(old).catch(() => {});
      if (!handle.move) return handle.getFile(); // an older browser: not found again after the page is left
      await handle.move(sealed);
      await write(folder, "key.p7m", envelope);
      await write(folder, "manifest.p7s", signature);
      if (shares) await write(folder, "shares.json", shares);
      if (second) await write(folder, "second.p7m", second.envelope); // for its recovery code
      await write(folder, "manifest.json", manifest); // last: with it the folder is whole
      return (await folder.getFileHandle(sealed)).getFile();
    },
    async drop() { access.close(); await folder.removeEntry("new.age"); },
  };
}

function inMemory() {
  let parts = [], held = [], size = 0;
  return {
    write(bytes) {
      held.push(bytes.slice());
      size += bytes.length;
      if (size >= SHARE) { parts.push(new Blob(held)); held = []; size = 0; }
    },
    async end() { return new Blob([...parts, ...held]); },
    async drop() { parts = held = []; },
  };
}

async function sealed({ facts, fields, files, priced, folder }) {
  const holder = await ownKey(facts.fingerprint);
  const out = await place(folder, PROFILES[facts.sealing].payload);
  try {
    const what = { facts, fields, files, holder, out, step: pace("seal") };
    const made = facts.two_envelopes ? await sealTwo({ ...what, priced, memory: inMemory() }) : await seal(what);
    return { ...made, payload: await out.end(made) };
  } catch (trouble) {
    await out.drop().catch(() => {});
    throw trouble;
  }
}

async function rehearsed({ facts, payload, envelope, manifest, second }) {
  const own = await ownKey(facts.fingerprint);
  const open = async (one) => tryOpen({ ...one, bidKey: await own.openEnvelope(one.envelope, facts.receives), step: pace("rehearse") });
  const fields = await open({ payload, envelope, manifest });
  return { fields, offer: second?.payload ? await open(second) : null };
}

// What went wrong, so that a bidder can act on it.
function says(trouble, task) {
  if (trouble instanceof NotSealed || trouble instanceof EnvelopeBroken) return trouble.message;
  if (trouble.name === "QuotaExceededError") return "本机磁盘空间不足, 请清理后重试。";
  if (trouble.name === "NotReadableError" || trouble.name === "NotFoundError") return "附件读不出来: 文件可能已被移动或改动, 请重新选择。";
  return task === "seal" ? `加密没有完成, 请重试; 仍不行的, 用命令行加密(${trouble.message})。` : `本机试开没有成功: 密文不完整或被改动, 请重新加密(${trouble.message})。`;
}

const TASKS = { seal: sealed, rehearse: rehearsed };

addEventListener("message", async ({ data }) => {
  if (data.task === "pause" && !paused) { paused = {}; paused.promise = new Promise((resolve) => { paused.resolve = resolve; }); return; }
  if (data.task === "go on") { paused?.resolve(); paused = null; return; }
  if (data.task === "cancel") { cancelled = true; paused?.resolve(); paused = null; return; }
  if (!TASKS[data.task]) return;
  cancelled = false;
  try {
    postMessage({ finished: data.task, ...(await TASKS[data.task](data)) });
  } catch (trouble) {
    postMessage(trouble instanceof Cancelled ? { cancelled: true } : { failed: says(trouble, data.task) });
  }
});
