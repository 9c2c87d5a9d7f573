// A priced bill of quantities read from an xlsx or our JSON, held against the tender's, and made into bill.json: what
// quantities/xlsx.py and rules.py do for the command line. Numbers are whole numbers with a scale; no float touches a price.
import { canonical } from "./bidbox.js";

const FORMAT = "openggzy-bill/1", MOST_ITEMS = 20000, MOST_COLUMN = 64;
const LABELS = { divisional: "分部分项工程", measures: "措施项目", other: "其他项目", fees: "规费和税金" };
const PARTS = { ...Object.fromEntries(Object.entries(LABELS).map(([part, label]) => [label, part])), 分部分项: "divisional", 措施: "measures", 其他: "other", 规费税金: "fees" };
const COLUMNS = {
  part: ["清单类别", "类别", "分部类别"], code: ["项目编码", "清单编码", "编码"], name: ["项目名称", "名称"],
  features: ["项目特征", "项目特征描述", "特征"], unit: ["计量单位", "单位"], quantity: ["工程量", "数量", "工程数量"],
  unit_price: ["综合单价", "综合单价(元)", "单价"], amount: ["合价", "合价(元)", "金额", "合计"],
};

export class BillBroken extends Error {}

// --- numbers: {n, s} is n / 10^s
const ten = (power) => 10n ** BigInt(power);
const abs = (n) => (n < 0n ? -n : n);

function decimal(text) {
  const found = text.match(/^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/);
  if (!found || !(found[2] || found[3])) return null;
  const [, sign, whole, rest = "", power = "0"] = found;
  let n = BigInt(whole + rest || "0"), s = rest.length - Number(power);
  if (s < 0) { n *= ten(-s); s = 0; }
  return { n: sign === "-" ? -n : n, s };
}

// Half up, away from zero, to so many places.
function round({ n, s }, places) {
  if (s <= places) return { n: n * ten(places - s), s: places };
  const unit = ten(s - places), whole = (abs(n) * 2n + unit) / (unit * 2n);
  return { n: n < 0n ? -whole : whole, s: places };
}

function plain({ n, s }) {
  while (s > 0 && n % 10n === 0n) { n /= 10n; s -= 1; }
  return { n, s };
}

function shown(number) {
  if (!number) return null;
  const { n, s } = number, digits = abs(n).toString().padStart(s + 1, "0");
  return (n < 0n ? "-" : "") + (s ? `${digits.slice(0, -s)}.${digits.slice(-s)}` : digits);
}

function number(value) {
  const text = String(value ?? "").trim().replaceAll(/[,，]/g, "");
  if (!text) return null;
  const found = decimal(text);
  if (!found || abs(found.n) >= ten(15 + found.s)) throw new BillBroken(`“${text.slice(0, 30)}”不是可用的数字`);
  return found;
}
const quantityOf = (value) => { const found = number(value); return found && plain(round(found, 6)); };
const priceOf = (value) => { const found = number(value); return found && round(found, 2); };

// A number as people typed it: the program stores 0.3 as 0.30000000000000004. Half even at 15 digits.
function typed(text) {
  const found = decimal(text);
  if (!found || abs(found.n) >= ten(15 + found.s)) return text;
  let { n, s } = plain(found);
  const over = abs(n).toString().length - 15;
  if (over > 0 && s >= over) {
    const unit = ten(over), rest = abs(n) % unit;
    let whole = abs(n) / unit;
    if (rest * 2n > unit || (rest * 2n === unit && whole % 2n)) whole += 1n;
    ({ n, s } = plain({ n: n < 0n ? -whole : whole, s: s - over }));
  }
  return shown({ n, s });
}

function words(value, most) {
  const text = String(value ?? "").replaceAll("\0", "").split(/\s+/).filter(Boolean).join(" ");
  if (text.length > most) throw new BillBroken(`文字超过${most}字`);
  return text;
}

// --- xlsx
async function members(data) {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  let end = data.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end -= 1;
  if (end < 0) throw new BillBroken("不是可以读取的xlsx文件, 请另存为xlsx格式");
  const found = new Map();
  for (let count = view.getUint16(end + 10, true), at = view.getUint32(end + 16, true); count > 0; count -= 1) {
    const [name, extra, comment] = [28, 30, 32].map((place) => view.getUint16(at + place, true));
    found.set(new TextDecoder().decode(data.subarray(at + 46, at + 46 + name)), { method: view.getUint16(at + 10, true), size: view.getUint32(at + 20, true), at: view.getUint32(at + 42, true) });
    at += 46 + name + extra + comment;
  }
  const xml = async (name) => {
    const { method, size, at } = found.get(name);
    const from = at + 30 + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
    const blob = new Blob([data.subarray(from, from + size)]);
    const text = method === 0 ? await blob.text() : await new Response(blob.stream().pipeThrough(new DecompressionStream("deflate-raw"))).text();
    return new DOMParser().parseFromString(text, "application/xml");
  };
  const sheet = [...found.keys()].filter((name) => /^xl\/worksheets\/sheet\d+\.xml$/.test(name)).sort()[0];
  if (!sheet) throw new BillBroken("xlsx文件里没有工作表");
  return { sheet: await xml(sheet), shared: found.has("xl/sharedStrings.xml") ? await xml("xl/sharedStrings.xml") : null };
}

const children = (element, name) => [...element.children].filter((child) => child.localName === name);
const all = (document_, name) => [...document_.getElementsByTagNameNS("*", name)];

function textOf(element) {
  const direct = children(element, "t")[0], runs = children(element, "r").flatMap((run) => children(run, "t"));
  return direct && !runs.length ? direct.textContent : runs.map((run) => run.textContent).join("");
}

function cellOf(cell, strings) {
  const kind = cell.getAttribute("t") ?? "n";
  if (kind === "inlineStr") { const inside = children(cell, "is")[0]; return inside ? textOf(inside) : ""; }
  const text = children(cell, "v")[0]?.textContent ?? "";
  if (kind === "s") return strings[Number(text)] ?? "";
  return kind === "n" && text ? typed(text) : text;
}

const column = (letters) => [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0);
const bare = (text) => text.replaceAll(/\s+/g, "").replaceAll("（", "(").replaceAll("）", ")");

async function fromXlsx(data) {
  const { sheet, shared } = await members(data);
  const strings = shared ? all(shared, "si").map(textOf) : [];
  const items = [];
  let header = null, part = "divisional", title = "";
  for (const [position, row] of all(sheet, "row").entries()) {
    const cells = new Map();
    for (const [place, cell] of children(row, "c").entries()) {
      const found = (cell.getAttribute("r") ?? "").match(/^([A-Z]{1,3})[0-9]{1,7}$/);
      const at = found ? column(found[1]) : place + 1;
      if (at <= MOST_COLUMN) cells.set(at, cellOf(cell, strings));
    }
    if (!header) {
      const found = new Map([...cells].flatMap(([at, text]) => Object.entries(COLUMNS).filter(([, names]) => names.includes(bare(text))).map(([key]) => [at, key])));
      const keys = new Set(found.values());
      if (keys.has("name") && keys.has("quantity")) header = found;
      else if (!title && cells.size) title = [...cells.values()][0].trim().slice(0, 200);
      continue;
    }
    const given = Object.fromEntries([...header].map(([at, key]) => [key, cells.get(at) ?? ""]));
    if (!Object.values(given).some((text) => text.trim())) continue;
    const says = row.getAttribute("r") ?? position + 1, said = bare(given.part ?? "");
    if (said && !PARTS[said]) throw new BillBroken(`表格第${says}行: 清单类别“${said.slice(0, 20)}”应为${Object.values(LABELS).join("、")}`);
    part = PARTS[said] ?? part;
    if (items.length >= MOST_ITEMS) throw new BillBroken(`清单最多${MOST_ITEMS}行`);
    try { items.push(itemOf(part, given, items.length + 1)); } catch (wrong) { throw new BillBroken(`表格第${says}行: ${wrong.message}`); }
  }
  if (!header) throw new BillBroken(`没有找到表头, 表头应含: ${Object.values(COLUMNS).map((names) => names[0]).join("、")}`);
  if (!items.length) throw new BillBroken("表头之下没有清单行");
  return { title, items };
}

// A line from its cells; the quantity of a lump sum is left out when it says nothing.
function itemOf(part, given, row) {
  const quantity = quantityOf(given.quantity), asked = priceOf(given.unit_price), amount = priceOf(given.amount);
  const lump = (part === "other" || part === "fees") && (!quantity || (quantity.s === 0 && (quantity.n === 0n || quantity.n === 1n)));
  return { ...lineOf(part, given, row), quantity: lump ? null : quantity, unit_price: lump ? null : asked, amount: lump ? amount ?? asked : amount };
}

const lineOf = (part, given, row) => ({ row, part, code: words(given.code, 40), name: words(given.name, 300), features: words(given.features, 3000), unit: words(given.unit, 30) });

function fromJson(raw) {
  if (raw?.format !== FORMAT || !Array.isArray(raw.items)) throw new BillBroken(`清单文件不是本平台的格式(${FORMAT}), 请下载空白清单后填写`);
  if (raw.items.length < 1 || raw.items.length > MOST_ITEMS) throw new BillBroken(`清单应有1至${MOST_ITEMS}行`);
  const items = raw.items.map((given, at) => {
    if (!LABELS[given?.part]) throw new BillBroken(`清单第${at + 1}行没有清单类别`);
    return { ...lineOf(given.part, given, at + 1), quantity: quantityOf(given.quantity), unit_price: priceOf(given.unit_price), amount: priceOf(given.amount) };
  });
  return { title: words(raw.title, 200), items, total: priceOf(raw.total) };
}

// --- arithmetic and comparison
const computed = ({ quantity, unit_price: price, amount }) => {
  if (!quantity) return amount;
  return price && round({ n: quantity.n * price.n, s: quantity.s + price.s }, 2);
};
const sum = (items) => items.reduce((total, item) => total + (computed(item)?.n ?? 0n), 0n);
const yuan = (n) => shown({ n, s: 2 });
const place = (item) => `${LABELS[item.part]}第${item.row}行“${item.name.slice(0, 20)}”`;
const identity = (item) => `${item.part} ${item.code || `名称:${item.name}`}`;

function compared(tendered, offered, price) {
  const out = [], theirs = new Map();
  for (const item of offered.items) if (!theirs.has(identity(item))) theirs.set(identity(item), item);
  const cut = (value) => String((value && typeof value === "object" ? shown(value) : value) ?? "");
  for (const item of tendered.items) {
    const other = theirs.get(identity(item));
    theirs.delete(identity(item));
    if (!other) { out.push(`${place(item)}在报价清单中没有`); continue; }
    for (const [name, says] of [["name", "名称"], ["features", "特征"], ["unit", "单位"], ["quantity", "工程量"]]) {
      if (cut(item[name]) !== cut(other[name])) out.push(`${place(item)}的${says}被改动: 招标清单为“${cut(item[name]).slice(0, 30)}”, 报价清单为“${cut(other[name]).slice(0, 30)}”`);
    }
  }
  for (const item of theirs.values()) out.push(`${place(item)}是报价清单自行增加的`);
  for (const item of offered.items) {
    const asked = item.quantity ? item.unit_price : item.amount, made = computed(item);
    if (!asked) out.push(`${place(item)}没有报价`);
    else if (asked.n < 0n) out.push(`${place(item)}的报价为负: ${shown(asked)}`);
    if (item.amount && made && item.amount.n !== made.n) out.push(`${place(item)}的合价${shown(item.amount)}与工程量×单价=${shown(made)}不一致`);
  }
  const total = sum(offered.items), bid = decimal(price);
  if (offered.total && offered.total.n !== total) out.push(`总价${shown(offered.total)}与各项之和${yuan(total)}不一致`);
  if (bid && round(bid, 2).n !== total) out.push(`报价清单各项之和${yuan(total)}与投标报价${price}不一致`);
  return out;
}

// Reads a filled-in bill; answers the file to attach and what is wrong with it, which the committee would see too.
export async function pricedBill({ tendered, filled, price }) {
  const data = new Uint8Array(await filled.arrayBuffer());
  let offered;
  if (data[0] === 0x50 && data[1] === 0x4b) {
    try { offered = await fromXlsx(data); } catch (wrong) { throw wrong instanceof BillBroken ? wrong : new BillBroken("不是可以读取的xlsx文件, 请另存为xlsx格式"); }
  } else {
    let raw;
    try { raw = JSON.parse(new TextDecoder().decode(data)); } catch { throw new BillBroken("已标价清单应为填好的xlsx或JSON文件"); }
    offered = fromJson(raw);
  }
  const items = offered.items.map((item) => ({ ...item, quantity: shown(item.quantity), unit_price: shown(item.unit_price), amount: shown(computed(item)) }));
  const json = canonical({ format: FORMAT, title: offered.title, items, total: yuan(sum(offered.items)) });
  return { file: new File([json], "bill.json", { type: "application/json" }), problems: compared(fromJson(tendered), offered, price) };
}
