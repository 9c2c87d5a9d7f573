// A large ciphertext goes up in pieces (tus 1.0). The address is remembered by what goes there, so that a browser that
// was closed, or a machine that was switched off, goes on where it was. Only ciphertext passes here.
// The kit is fetched when something goes up, so that the page itself stays light.
const kit = () => import("../vendor/uploadkit.js");

export const PIECES_FROM = 8 * 1024 * 1024;
const PIECE = 4 * 1024 * 1024;
const TUS = { "Tus-Resumable": "1.0.0" };
// a broken line is waited for, at first a second, then longer, for about an hour without a single byte
const PAUSES = [500, 1000, 2000, 4000, 8000, 15000, ...Array(120).fill(30000)];
const again = (status) => status === 0 || status === 409 || status === 423 || status >= 500;

const slot = (place) => `ggzy-upload:${place}`;
const remembered = (place) => { try { return JSON.parse(localStorage.getItem(slot(place))); } catch { return null; } };
const remember = (place, what) => { try { localStorage.setItem(slot(place), JSON.stringify(what)); } catch { /* it then starts anew after a restart */ } };
export const forget = (place) => { try { localStorage.removeItem(slot(place)); } catch { /* nothing was kept */ } };

// Gives up what was begun at this place, so that it does not count among the unfinished ones.
export async function giveUp(place) {
  const begun = remembered(place);
  forget(place);
  if (begun) await fetch(begun.address, { method: "DELETE", headers: TUS, credentials: "omit" }).catch(() => { /* swept in 48 hours */ });
}

// How many bytes of exactly this ciphertext have arrived; null if it was not begun or is gone.
export async function arrived(place, mark, size) {
  const begun = remembered(place);
  if (begun?.mark !== mark) return null;
  const reply = await fetch(begun.address, { method: "HEAD", headers: TUS, credentials: "omit" }).catch(() => null);
  if (!reply?.ok || Number(reply.headers.get("Upload-Length")) !== size) return null;
  return Number(reply.headers.get("Upload-Offset"));
}

function sentence(problem) {
  const body = problem.originalResponse?.getBody();
  let said = "";
  try { said = JSON.parse(body).message; } catch { /* not ours */ }
  return said || "上传中断, 已传的部分保存在平台, 48小时内再按“递交”从那里继续。";
}

// Begins, or goes on with, the upload of `blob`; `done` answers what names it on the platform.
// `says` hears {sent, total} while bytes go, and {waits: true} while the line is broken.
export function upload({ place, mark, blob, says }) {
  let going = null, held = false, waits = false, settle = null;
  const online = () => { if (waits && !held) going.abort().then(() => { if (!held) going.start(); }); };
  const start = async () => {
    if (remembered(place)?.mark !== mark) await giveUp(place);
    const { Upload } = await kit();
    going = new Upload(blob, {
      endpoint: "/uploads",
      uploadUrl: remembered(place)?.address, // one that is gone is begun anew
      chunkSize: PIECE,
      retryDelays: PAUSES,
      storeFingerprintForResuming: false,
      onShouldRetry: (problem) => {
        waits = again(problem.originalResponse?.getStatus() ?? 0);
        if (waits) says({ waits });
        return waits;
      },
      onUploadUrlAvailable: () => remember(place, { mark, address: new URL(going.url, location.href).pathname }),
      onProgress: (sent, total) => { waits = false; says({ sent, total }); },
      onSuccess: () => settle.resolve(going.url.split("/").pop()),
      onError: (problem) => settle.reject(new Error(sentence(problem))),
    });
    if (!held) going.start();
  };
  const done = new Promise((resolve, reject) => { settle = { resolve, reject }; });
  addEventListener("online", online);
  start().catch(settle.reject);
  return {
    done: done.finally(() => removeEventListener("online", online)),
    hold() { held = true; going?.abort(); },
    goOn() { held = false; going?.start(); },
  };
}
