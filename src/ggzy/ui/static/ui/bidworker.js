// Seals and tries a bid off the page's own thread. One task at a time: {seal} or {rehearse}; {pause}, {go on}, {cancel}.
import { NotSealed, seal, tryOpen } from "./bidbox.js";
import { openEnvelope } from "./cms.js";
import { ownKey, ownOpener } from "./sign.js";

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

// The ciphertext goes into a file of the browser's own (OPFS), or where there is none, into Blobs.
async function place(round) {
  try {
    const root = await navigator.storage.getDirectory();
    const folder = await (await root.getDirectoryHandle("sealed", { create: true })).getDirectoryHandle(round, { create: true });
    const handle = await folder.getFileHandle("bid.age", { create: true });
    const access = await handle.createSyncAccessHandle();
    access.truncate(0);
    let at = 0;
    return {
      write(bytes) {
        const wrote = access.write(bytes, { at });
        if (wrote !== bytes.length) throw new NotSealed("本机磁盘空间不足, 请清理后重试");
        at += wrote;
      },
      async end() { access.flush(); access.close(); return handle.getFile(); },
      async drop() { access.close(); await folder.removeEntry("bid.age"); },
    };
  } catch (trouble) {
    if (trouble.name === "NoModificationAllowedError") throw new NotSealed("另一个窗口正在为本标段加密, 请先关闭那个窗口");
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
}

async function sealed({ facts, fields, files }) {
  const key = await ownKey(facts.fingerprint);
  const out = await place(facts.round);
  let payload;
  try {
    const made = await seal({ facts, fields, files, key, out, step: pace("seal") });
    payload = await out.end();
    return { ...made, payload };
  } catch (trouble) {
    if (!payload) await out.drop().catch(() => {});
    throw trouble;
  }
}

async function rehearsed({ facts, payload, envelope, manifest }) {
  const opener = await ownOpener(facts.fingerprint);
  const bidKey = await openEnvelope(envelope, opener, facts.certificate);
  return { fields: await tryOpen({ payload, manifest, envelope, bidKey, step: pace("rehearse") }) };
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
    if (trouble instanceof Cancelled) postMessage({ cancelled: true });
    else postMessage({ failed: trouble.name === "QuotaExceededError" ? "本机磁盘空间不足, 请清理后重试" : trouble.name === "NotReadableError" ? "附件读不出来: 文件可能已被移动或改动, 请重新选择" : trouble.message });
  }
});
