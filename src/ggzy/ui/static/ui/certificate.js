// A key pair made in this browser: the private key is saved by its owner, only the request (CSR) is sent.
import { der, ecdsa } from "./der.js";
import { base64, blocks, importPem } from "./keyring.js";

const COMMON_NAME = [0x06, 3, 0x55, 4, 3];
const ECDSA_SHA256 = der(0x30, [0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]);

export async function request(pair, name) {
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
  const subject = der(0x30, der(0x31, der(0x30, COMMON_NAME, der(0x0c, new TextEncoder().encode(name)))));
  const info = der(0x30, [0x02, 1, 0], subject, spki, [0xa0, 0]);
  const rs = new Uint8Array(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, info));
  return der(0x30, info, ECDSA_SHA256, der(0x03, [0], ecdsa(rs)));
}

const pem = (label, data) => `-----BEGIN ${label}-----\n${base64(data).replace(/.{64}(?=.)/g, "$&\n")}\n-----END ${label}-----\n`;

function save(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/x-pem-file" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

export function certificatePage() {
  const make = document.querySelector("[data-make-key]");
  make?.addEventListener("click", async () => {
    const state = document.querySelector("[data-make-key-state]");
    const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
    const csr = await request(pair, make.dataset.makeKey);
    save(pem("PRIVATE KEY", await crypto.subtle.exportKey("pkcs8", pair.privateKey)), "key.pem");
    document.querySelector("textarea[name=csr]").value = pem("CERTIFICATE REQUEST", csr);
    state.textContent = "私钥已存为 key.pem(在浏览器的下载目录), 请妥善保管; 丢失不能找回。申请内容已填好, 请提交申请。";
    document.querySelector("[data-csr-form] button[type=submit]").focus();
  });

  const national = document.querySelector("[data-make-sm2]");
  national?.addEventListener("click", async () => {
    const gm = await import("./gm.js"), key = gm.newKey();
    save(pem("PRIVATE KEY", gm.pkcs8(key)), "key-sm2.pem");
    document.querySelector("textarea[name=csr]").value = pem("CERTIFICATE REQUEST", gm.request(key, national.dataset.makeSm2));
    document.querySelector("[data-make-key-state]").textContent = "SM2签名私钥已存为 key-sm2.pem, 请妥善保管; 丢失不能找回。加密私钥由CA生成, 签发后用签名私钥自动取回。申请内容已填好, 请提交申请。";
    document.querySelector("[data-csr-form] button[type=submit]").focus();
  });

  // One file of key and certificate, as the command line takes it: put together here, nothing is sent.
  const merge = document.querySelector("[data-merge-key]");
  merge?.addEventListener("change", async () => {
    const state = document.querySelector("[data-merge-key-state]");
    try {
      const text = await merge.files[0].text();
      const { fingerprint, second } = await importPem(text);
      const reply = await fetch(`/certificates/${fingerprint}.pem`);
      if (!reply.ok) throw new Error("这个私钥的证书没有绑定到您的账号");
      const certificates = (await reply.text()).split(/(?<=-----END CERTIFICATE-----\n?)(?=-----BEGIN)/);
      const whole = second ? [certificates[0], pem("PRIVATE KEY", second), certificates[1]].join("") : certificates[0];
      save(pem("PRIVATE KEY", blocks(text, "PRIVATE KEY")) + whole, "certificate.pem");
      state.textContent = "已存为 certificate.pem, 登录和投标命令都可以用它。";
    } catch (problem) { state.textContent = problem.message; }
  });
}
