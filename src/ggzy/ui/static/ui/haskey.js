// A box that asks for a private key where this browser lacks it: a file, or a USB key.
import { readCertificate } from "./asn1.js";
import { base64, bytes, importPem, keep, ownKey } from "./keyring.js";
import { keyPicker, remember } from "./ukey.js";

// Asks for the key file where this browser lacks a key, or kept one before it could open envelopes.
// Answers whether the certificate's keys are here.
export async function haveKeys(section, { fingerprint, certificate }, then) {
  const holder = await ownKey(fingerprint);
  const box = section.querySelector("[data-key-needed]");
  box.hidden = Boolean(holder?.opens);
  if (box.hidden) return true;
  box.querySelector("[data-key-says]").textContent = holder
    ? "本浏览器保存的私钥是以前存入的, 只能签名, 还不能打开密钥信封。请再选择一次证书私钥文件, 以后不必再选。"
    : "本浏览器中没有这张证书的私钥(可能换了电脑或浏览器, 或清除过数据)。请选择证书私钥文件。";
  box.querySelector("[data-key-file]").onchange = async ({ target }) => {
    const says = box.querySelector("[data-key-says]");
    try {
      const texts = await Promise.all([...target.files].map((file) => file.text()));
      // a certificate that was renewed or revoked meanwhile still opens what was sealed to it
      const taken = await importPem(texts.join("\n"), [{ fingerprint, spki: base64(readCertificate(bytes(certificate)).spki) }]);
      if (taken.fingerprint !== fingerprint) throw new Error("所选文件是另一张证书的私钥, 请选择加密(登录)时所用证书的私钥文件");
      await keep(taken);
      box.hidden = true;
      then?.();
    } catch (trouble) { says.textContent = trouble.message; }
    target.value = "";
  };
  const reader = box.querySelector("[data-ukey]");
  if (reader && !reader.dataset.ready) {
    reader.dataset.ready = "1";
    keyPicker(reader, { only: fingerprint, async chosen(row) { await remember(row); box.hidden = true; then?.(); } });
  }
  return false;
}
