// The page of a bid: fill in, check, seal and try on this machine, hand in; at the opening, free the one-time key.
import { hints, refusals } from "./bidcheck.js";
import { PROFILES, SECOND } from "./bidbox.js";
import { describe } from "./asn1.js";
import { haveKeys } from "./haskey.js";
import { bytes, ownKey } from "./keyring.js";
import { fetchProved } from "./prove.js";
import { plugged } from "./ukey.js";
import * as line from "./upload.js";

const read = (id) => JSON.parse(document.querySelector(`#${id}`)?.textContent || "null");
const megabytes = (size) => (size < 1 << 20 ? `${Math.max(1, Math.round(size / 1024))} KB` : `${(size / (1 << 20)).toFixed(1)} MB`);
const make = (tag, text, look = "") => { const made = document.createElement(tag); made.textContent = text; made.className = look; return made; };
const partsOf = (sealing) => [["manifest", "manifest.json"], ["signature", "manifest.p7s"], ["envelope", "key.p7m"], ["payload", PROFILES[sealing].payload]];
// With which algorithms a bid is sealed, by what its manifest says of the bid_key.
const profileOfKey = (bound) => PROFILES[bound.startsWith("sm3:") ? "gm" : "age"];
const moment = (at) => new Date(at).toLocaleString("zh-CN", { timeZone: "Asia/Shanghai" });
const grouped = (price) => price.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
const digest = async (data) => [...new Uint8Array(await crypto.subtle.digest("SHA-256", data))].map((b) => b.toString(16).padStart(2, "0")).join("");
const asBlob = (part) => (part instanceof Blob ? part : new Blob([part]));

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 600000);
}

function sealing(section) {
  const facts = read("seal-facts");
  const form = section.querySelector("[data-seal-form]");
  if (!facts || !form) return;
  const part = (name) => section.querySelector(`[data-${name}]`);
  // on a machine that several bidders share, nobody finds another one's copy here
  const folder = `${facts.round}-${facts.fingerprint.slice(0, 16)}`;
  const inside = { ...facts, certificate: bytes(facts.certificate), receives: bytes(facts.receives) };
  const parts = () => [...partsOf(facts.sealing), ...(made?.shares ? [["shares", "shares.json"]] : [])];
  const holders = () => (form.elements.shares?.checked ? facts.share_holders.map(({ uscc, certificate }) => ({ uscc, certificate: bytes(certificate) })) : []);
  let files = [], made = null, worker = null, checked = "", busy = false;
  addEventListener("beforeunload", (event) => { if (busy) event.preventDefault(); });
  if (!window.isSecureContext) {
    part("trouble").textContent = "浏览器只允许在HTTPS(或本机地址)的页面上加密。请用https开头的地址打开本页, 或者用命令行加密。";
    return;
  }
  form.hidden = false;
  haveKeys(section, facts);

  const trouble = (text = "") => { part("trouble").textContent = text; };

  // --- the form
  const showFiles = () => {
    part("attached").replaceChildren(...files.map((file) => {
      const row = make("li", "", "split"), drop = make("button", "去掉", "link");
      drop.type = "button";
      drop.addEventListener("click", () => { files = files.filter((one) => one !== file); showFiles(); });
      row.append(make("span", `${file.name} · ${megabytes(file.size)}`), drop);
      return row;
    }));
  };
  part("attach").addEventListener("change", ({ target }) => {
    const names = new Set([...target.files].map((file) => file.name));
    files = [...files.filter((file) => !names.has(file.name)), ...target.files];
    target.value = "";
    showFiles();
  });
  section.addEventListener("click", ({ target }) => {
    if (target.dataset.add) part(`${target.dataset.add}s`).append(form.querySelector(`template[data-row=${target.dataset.add}]`).content.cloneNode(true));
    if ("drop" in target.dataset) target.closest(".row").remove();
  });
  const rows = (name) => [...(part(name)?.children ?? [])].map((row) => Object.fromEntries([...row.querySelectorAll("[data-part]")].map((input) => [input.dataset.part, input.value.trim()])))
    .filter((row) => Object.values(row).some(Boolean));

  const amount = (given) => {
    const price = given.replaceAll(/[,，\s]/g, "");
    return /^\d+(\.\d{1,2})?$/.test(price) ? `${BigInt(price.split(".")[0])}.${(price.split(".")[1] ?? "").padEnd(2, "0")}` : price;
  };

  // in cents, without rounding; what is no price makes none
  const sum = (prices) => {
    if (!prices.every((price) => /^\d+\.\d{2}$/.test(price))) return "";
    const cents = String(prices.reduce((all, price) => all + BigInt(price.replace(".", "")), 0n)).padStart(3, "0");
    return `${cents.slice(0, -2)}.${cents.slice(-2)}`;
  };

  async function filledIn() {
    const value = (name) => form.elements[name].value.trim();
    // a last offer says a price, and nothing of who does the work
    const apart = facts.priced && !facts.detailed;
    const agreement = form.elements.agreement?.files[0];
    const fields = {
      bidder: facts.bidder_name,
      uscc: facts.bidder,
      members: rows("members").map(({ name, uscc, share }) => ({ name, uscc: uscc.toUpperCase(), ...(share ? { share } : {}) })),
      ...(apart ? {} : { manager: { name: value("manager"), certificate: value("manager_certificate") } }),
    };
    const units = [...form.querySelectorAll("[data-unit-price]")].map((input) => [input.dataset.unitPrice, amount(input.value)]);
    if (units.length) Object.assign(fields, { unit_prices: Object.fromEntries(units), price: sum(units.map(([, price]) => price)) });
    else if (facts.priced) fields.price = amount(value("price"));
    if (facts.detailed) {
      Object.assign(fields, { duration_days: Number(value("days")), quality: value("quality"), validity_days: facts.validity_days });
      if (facts.procured) Object.assign(fields, { size: value("size"), domestic: form.elements.domestic.checked, ...(value("brand") ? { brand: value("brand") } : {}) });
      const subcontracts = rows("subcontracts"), promised = [...form.querySelectorAll("[name=promise]:checked")].map((box) => box.value);
      if (promised.length) fields.commitments = promised;
      if (subcontracts.length) fields.subcontracts = subcontracts;
    } else if (!apart && value("text")) fields[facts.text_field] = value("text");
    if (agreement) fields.consortium = { agreement: agreement.name, lead: facts.bidder };
    if (form.elements.registry?.checked) fields.registry = await snapshot();
    const { bill, problems } = await billOf(form.elements.bill?.files[0], fields.price);
    const dark = [...(form.elements.dark?.files ?? [])].map((file, n) => new File([file], `暗标-${n + 1}.pdf`, { type: "application/pdf" }));
    const made = [agreement, facts.two_envelopes ? null : bill, ...dark].filter(Boolean), names = new Set(made.map((file) => file.name));
    const priced = facts.two_envelopes ? [bill, ...form.elements.priced.files].filter(Boolean) : [];
    return { fields, attached: [...files.filter((file) => !names.has(file.name)), ...made], priced, problems };
  }

  async function billOf(filled, price) {
    if (!filled) return { problems: [] };
    const reply = await fetch(`/api/v1/rounds/${facts.round}/bill`, { credentials: "omit" });
    if (!reply.ok) throw new Error("招标文件的工程量清单暂时读不到, 请稍后重试");
    const { pricedBill } = await import("./bill.js");
    const { file, problems } = await pricedBill({ tendered: (await reply.json()).bill, filled, price });
    const more = problems.length > 5 ? [`已标价清单还有${problems.length - 5}处问题。`] : [];
    return { bill: file, problems: [...problems.slice(0, 5).map((text) => `已标价清单: ${text}。`), ...more] };
  }

  async function snapshot() {
    const reply = await fetch("/work/registry-snapshot", { headers: { Accept: "application/json" } });
    if (reply.redirected) throw new Error("登录已失效, 请在另一个标签页重新登录后再试; 已填写的内容都还在");
    const answer = await reply.json();
    if (!reply.ok) throw new Error(answer.message);
    return answer;
  }

  // What the law leaves to the bidder is a hint, shown once; what the platform would refuse stops here.
  function passes(fields, attached, priced, problems) {
    const stops = refusals(facts, fields, attached), says = stops.length ? [] : [...hints(facts, fields, [...attached, ...priced]), ...problems];
    const box = part("checks"), mark = JSON.stringify([stops, says]);
    box.hidden = !stops.length && !says.length;
    box.className = `notice ${stops.length ? "bad" : "busy"}`;
    box.replaceChildren(
      make("p", stops.length ? "请先改正:" : "对照招标文件, 请确认以下各项; 仍要这样投标的, 再按一次“加密并试开”:", "strong"),
      ...[...stops, ...says].map((text) => make("p", text)),
    );
    if (stops.length) return false;
    const seen = mark === checked || !says.length;
    checked = mark;
    if (!seen) box.scrollIntoView({ block: "center" });
    return seen;
  }

  // --- the worker
  function ask(task, data, phase) {
    worker ??= new Worker(new URL("./bidworker.js", import.meta.url), { type: "module" });
    part("running").hidden = false;
    part("phase").textContent = phase;
    part("percent").textContent = "";
    part("pause").textContent = "暂停";
    const bar = part("running").querySelector("progress"), since = performance.now();
    bar.value = 0;
    busy = true;
    return new Promise((resolve, reject) => {
      worker.onmessage = ({ data: said }) => {
        if (said.phase) {
          bar.value = said.done / said.total;
          part("percent").textContent = `${Math.floor(bar.value * 100)}%`;
          return;
        }
        part("running").hidden = true;
        busy = false;
        if (said.cancelled) reject(new Error("已取消, 没有留下密文。可以修改后重新加密。"));
        else if (said.failed) reject(new Error(said.failed));
        else resolve({ ...said, seconds: (performance.now() - since) / 1000 });
      };
      worker.onerror = (event) => { busy = false; part("running").hidden = true; reject(new Error(`加密程序没有启动, 请刷新页面重试(${event.message || "脚本未能载入"})`)); };
      worker.postMessage({ task, ...data });
    });
  }
  part("pause").addEventListener("click", ({ target }) => {
    const pausing = target.textContent === "暂停";
    worker.postMessage({ task: pausing ? "pause" : "go on" });
    target.textContent = pausing ? "继续" : "暂停";
  });
  part("cancel").addEventListener("click", () => worker.postMessage({ task: "cancel" }));

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    trouble();
    const button = form.querySelector("button[type=submit]");
    button.setAttribute("aria-busy", "true");
    try {
      if (!(await haveKeys(section, facts))) throw new Error("请先在上面选择证书私钥文件");
      const { fields, attached, priced, problems } = await filledIn();
      if (!passes(fields, attached, priced, problems)) return;
      await (await ownKey(facts.fingerprint)).ready?.();
      form.hidden = true;
      const { manifest, envelope, signature, payload, shares, second } = await ask("seal", { facts: { ...inside, holders: holders() }, fields, files: attached, priced, folder }, "正在加密");
      await tried({ manifest, envelope, signature, payload, shares, second });
    } catch (problem) {
      form.hidden = false;
      trouble(problem.message);
    } finally { button.removeAttribute("aria-busy"); }
  });

  // Rehearsal: what was sealed is opened here with the own key, and everything in it is compared.
  async function tried(package_) {
    const { fields, offer } = await ask("rehearse", { facts: inside, ...package_ }, "正在本机试开");
    made = package_;
    const price = fields.price ?? offer?.price, carried = new Set(Object.values(SECOND));
    const named = (list) => list.map((one) => one.name).filter((name) => !carried.has(name)).join("、") || "无";
    const priced = [...(price ? [["报价", `${grouped(price)} 元`]] : []), ...(fields.duration_days ? [["工期", `${fields.duration_days} 日历天`]] : [])];
    const apart = facts.two_envelopes ? [["第二信封", offer ? `报价在其中, 附件: ${named(offer.attachments)}` : "装在第一信封里, 没有试开"]] : [];
    const said = [...priced, ["附件", named(fields.attachments)], ...apart, ["密文", megabytes(made.payload.size)]];
    part("opens").textContent = "这份投标文件能够打开: 已用您的私钥在本机试开, 各项内容和附件都与清单一致。";
    part("inside").replaceChildren(...said.flatMap(([name, value]) => [make("dt", name), make("dd", value)]));
    part("downloads").replaceChildren(...parts().map(([name, file]) => {
      const row = make("li", ""), button = make("button", file, "link mono");
      button.type = "button";
      button.addEventListener("click", () => save(asBlob(made[name]), file));
      row.append(button);
      return row;
    }));
    part("old").hidden = true;
    part("received").hidden = true;
    part("recovery-sheet").hidden = true;
    part("hand-in").disabled = false;
    form.hidden = part("kept").hidden = true;
    part("sealed").hidden = false;
    part("hand-in").focus();
  }
  const back = () => { made = null; part("sealed").hidden = true; form.hidden = false; };
  part("again").addEventListener("click", back);
  const sealedFolder = async () => (await navigator.storage.getDirectory()).getDirectoryHandle("sealed");
  const forget = async () => {
    if (!window.confirm("删除本机的密文副本? 尚未递交的须重新加密。")) return;
    try { await (await sealedFolder()).removeEntry(folder, { recursive: true }); } catch { /* there was none */ }
    await line.giveUp(folder);
    part("kept").hidden = true;
    back();
  };
  part("discard").addEventListener("click", forget);

  // What was sealed here earlier and is still on this machine.
  async function kept() {
    const found = {};
    let place;
    try {
      place = await (await sealedFolder()).getDirectoryHandle(folder);
      for (const [name, file] of partsOf(facts.sealing)) found[name] = await (await place.getFileHandle(file)).getFile();
    } catch { return; }
    try { found.shares = await (await place.getFileHandle("shares.json")).getFile(); } catch (trouble) { if (trouble.name !== "NotFoundError") throw trouble; }
    try { found.second = await (await place.getFileHandle("second.p7m")).getFile(); } catch (trouble) { if (trouble.name !== "NotFoundError") throw trouble; }
    const { shares, envelope, signature, payload, second } = found, manifest = new Uint8Array(await found.manifest.arrayBuffer());
    const mark = await digest(manifest), handedIn = mark === facts.live_manifest;
    const came = handedIn ? null : await line.arrived(folder, mark, payload.size);
    const box = part("kept"), actions = make("p", "", "actions");
    const use = make("button", handedIn ? "试开、恢复码、下载" : "试开后递交", "button quiet small"), drop = make("button", "删除本机副本", "button quiet small");
    use.type = drop.type = "button";
    use.addEventListener("click", async () => {
      trouble();
      try {
        if (!(await haveKeys(section, facts))) throw new Error("请先在上面选择证书私钥文件");
        await tried({ manifest, payload, shares, envelope: new Uint8Array(await envelope.arrayBuffer()), signature, second: second && { envelope: new Uint8Array(await second.arrayBuffer()) } });
        box.hidden = true;
      } catch (problem) { trouble(problem.message); }
    });
    drop.addEventListener("click", forget);
    actions.append(use, drop);
    box.replaceChildren(make("p", `本机保存着 ${moment(payload.lastModified)} 加密的投标文件(${megabytes(payload.size)}), ${handedIn ? "就是已递交的这一份。" : "还没有递交。"}${came ? `已上传 ${Math.floor((came / payload.size) * 100)}%, 试开后按“递交”从那里继续。` : ""}`), actions);
    box.hidden = false;
  }
  kept();

  // --- the recovery code
  const code = async () => {
    const own = await ownKey(facts.fingerprint);
    const first = await own.openEnvelope(new Uint8Array(await asBlob(made.envelope).arrayBuffer()), inside.receives);
    return made.second ? `第一信封 ${first}\n第二信封 ${await own.openEnvelope(made.second.envelope, inside.receives)}` : first;
  };
  part("recovery").addEventListener("click", async () => {
    try {
      part("recovery-code").textContent = await code();
      part("recovery-at").textContent = moment(made.payload.lastModified ?? Date.now());
      part("recovery-manifest").textContent = await digest(made.manifest);
      part("recovery-sheet").hidden = false;
    } catch (problem) { trouble(problem.message); }
  });
  part("print").addEventListener("click", () => {
    document.documentElement.classList.add("print-recovery");
    addEventListener("afterprint", () => document.documentElement.classList.remove("print-recovery"), { once: true });
    window.print();
  });
  part("save-code").addEventListener("click", async () => save(new Blob([`${await code()}\n`], { type: "text/plain" }), "recovery-code.txt"));

  // --- handing in
  const bar = part("sending").querySelector("progress"), hold = part("hold");
  const shown = (sent, total, then) => {
    bar.value = sent / total;
    part("sent").textContent = sent < total ? `正在上传 ${Math.floor((sent / total) * 100)}%` : then;
  };

  // A large ciphertext goes first, in pieces; what names it on the platform then stands for it.
  async function sentBefore() {
    const total = made.payload.size;
    const going = line.upload({
      place: folder,
      mark: await digest(made.manifest),
      blob: made.payload,
      says: ({ sent, waits }) => {
        if (waits) part("sent").textContent = "网络中断, 恢复后自动继续; 已传的部分不必重传。";
        else if (hold.textContent === "暂停上传") shown(sent, total, "已传完, 正在递交…");
      },
    });
    hold.hidden = false;
    hold.textContent = "暂停上传";
    hold.onclick = () => {
      const pausing = hold.textContent === "暂停上传";
      hold.textContent = pausing ? "继续上传" : "暂停上传";
      if (pausing) { going.hold(); part("sent").textContent = `已暂停在 ${Math.floor(bar.value * 100)}%`; } else going.goOn();
    };
    try { return await going.done; } finally { hold.hidden = true; }
  }

  const posted = (data) => new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", facts.submit_to);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => shown(loaded, total, "已传完, 等待平台的回执…");
    request.onerror = () => reject(new Error("网络中断, 没有收到回执。加密好的文件还在本机: 请先刷新本页查看是否已接收, 没有接收的再按“递交”。"));
    request.onload = () => resolve([request.status, request.response]);
    request.send(data);
  });

  part("hand-in").addEventListener("click", async () => {
    const { confirm } = section.dataset;
    if (confirm && !window.confirm(confirm)) return;
    trouble();
    const buttons = ["hand-in", "again", "discard"].map(part), inPieces = made.payload.size >= line.PIECES_FROM;
    const free = (all) => buttons.forEach((one, at) => { one.disabled = !(all || at); });
    buttons.forEach((one) => { one.disabled = true; });
    busy = true;
    part("sending").hidden = false;
    try {
      const data = new FormData();
      data.append("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]").value);
      if (part("old").querySelector("input").checked) data.append("old_file", "1");
      if (inPieces) data.append("upload", await sentBefore());
      for (const [name, file] of parts()) if (name !== "payload" || !inPieces) data.append(name, asBlob(made[name]), file);
      const [status, answer] = await posted(data);
      if (status === 200 && answer?.bid) {
        line.forget(folder);
        free(false);
        received(answer);
        return;
      }
      if (answer?.code === "bidding.old_tender_file") part("old").hidden = false;
      // what arrived is not what was sealed, or is gone: the next try sends it anew
      if (["bidding.package_broken", "bidding.unsealed", "uploads.none"].includes(answer?.code)) await line.giveUp(folder);
      throw new Error(answer?.message || "登录已失效或页面已过期: 请在另一个标签页重新登录, 再回到这里按“递交”; 加密好的文件还在本机。");
    } catch (problem) {
      free(true);
      trouble(problem.message);
    } finally {
      busy = false;
      part("sending").hidden = true;
    }
  });

  function received(answer) {
    section.dataset.confirm = "本次递交将替换原投标文件, 原文件不再开启。确认?";
    const box = part("received"), link = make("a", "查看已递交的文件"), get = make("button", "下载回执(JSON)", "button quiet small");
    get.type = "button";
    get.addEventListener("click", () => save(new Blob([JSON.stringify(answer.acknowledgement, null, 2)], { type: "application/json" }), "acknowledgement.json"));
    link.href = location.pathname;
    box.replaceChildren(
      make("p", answer.replaced ? "已替换原文件, 平台已签发回执。" : "已接收, 平台已签发回执。", "strong"),
      make("p", `编号 ${answer.bid}, 接收时刻 ${moment(answer.received_at)}(北京时间)`),
      make("p", "请下载回执, 打印恢复码, 准时解密。"),
    );
    const actions = make("p", "", "actions");
    actions.append(get, link);
    box.append(actions);
    box.hidden = false;
    box.scrollIntoView({ block: "center" });
  }
}

// At the opening: the envelope is opened here, and only the one-time key of this bid is handed over.
function opening(section) {
  const facts = read("to-open"), button = section.querySelector("[data-open]");
  if (!facts || !button) return;
  const says = section.querySelector("[data-open-says]");
  button.hidden = false;
  const go = async () => {
    button.setAttribute("aria-busy", "true");
    try {
      if (!(await haveKeys(section, facts, go))) { says.textContent = "请先选择证书私钥文件; 私钥不在手边的, 可以把恢复码填入下面的“一次性投标密钥”。"; return; }
      says.textContent = "正在本机打开密钥信封…";
      const bidKey = await (await ownKey(facts.fingerprint)).openEnvelope(bytes(facts.envelope), bytes(facts.receives));
      if ((await profileOfKey(facts.bid_key).binds(bidKey)) !== facts.bid_key) throw new Error("信封里的密钥不是这份投标文件的。如有恢复码, 请填入下面的“一次性投标密钥”。");
      says.textContent = "正在交出一次性密钥…";
      const data = new URLSearchParams({ bid_key: bidKey, csrfmiddlewaretoken: document.querySelector("[name=csrfmiddlewaretoken]").value });
      const reply = await fetchProved(facts.key_to, { method: "POST", body: data, headers: { Accept: "application/json" } });
      let answer = {};
      try { answer = await reply.json(); } catch { throw new Error("登录已失效, 请重新登录后再按“解密”"); }
      if (!reply.ok) throw new Error(answer.message);
      says.textContent = "密钥已收到, 正在解密…";
      setTimeout(() => { location.hash = "key"; location.reload(); }, 1500);
    } catch (problem) {
      says.textContent = problem.message;
    } finally { button.removeAttribute("aria-busy"); }
  };
  button.addEventListener("click", go);
}

// Before the opening: which of one's keys opens the envelope. Nothing is handed over.
function which(section) {
  const facts = read("which-facts");
  const envelope = bytes(facts.envelope), receives = bytes(facts.receives), whose = describe(receives);
  section.hidden = false;
  section.querySelector("[data-which-whose]").textContent = `${whose.holder} · ${whose.algorithm} · 有效至${whose.until}`;
  const list = section.querySelector("[data-which-list]"), button = section.querySelector("[data-which-check]");
  const opens = async (holder) => (await profileOfKey(facts.bid_key).binds(await holder.openEnvelope(envelope, receives))) === facts.bid_key;
  const line = (good, text) => list.append(make("li", `${good ? "✓" : "✗"} ${text}`, good ? "strong" : "muted"));
  async function tried(name, holder) {
    try {
      const good = await opens(holder);
      line(good, good ? `${name}: 能打开这份投标` : `${name}: 信封里的密钥不是这份投标的`);
      return good;
    } catch (problem) { line(false, `${name}: ${problem.message}`); return false; }
  }
  button.addEventListener("click", async () => {
    button.setAttribute("aria-busy", "true");
    list.replaceChildren();
    let good = false;
    try {
      const own = await ownKey(facts.fingerprint);
      if (own) good = await tried(own.place ?? "本浏览器保存的私钥", own);
      else line(false, "本浏览器里没有这张证书的私钥");
      if (!own?.place) {
        try {
          for (const row of await plugged()) {
            if (row.fingerprint === facts.fingerprint) good = (await tried(row.token.label, row.key)) || good;
            else line(false, `${row.token.label}: 是另一张证书(${row.algorithm}, 有效至${row.until}), 打不开`);
          }
        } catch (problem) { if (problem.kind !== "absent" || !good) line(false, problem.message); }
      }
      if (!good) list.append(make("li", "都打不开的: 换到加密时用的电脑和浏览器, 插入加密时的 USB Key, 或备好恢复码。截止前也可以用现在的证书重新加密并替换。", "strong"));
    } finally { button.removeAttribute("aria-busy"); }
  });
}

document.querySelectorAll("[data-which]").forEach(which);
document.querySelectorAll("[data-seal]").forEach(sealing);
document.querySelectorAll("#key").forEach(opening);
