// What a bid is checked against before it is sealed. Refusals: what the platform would refuse or could not read.
// Hints: what the law leaves to the bidder, said plainly, with what may follow.
import { MOST_BYTES } from "./bidbox.js";

const USCC = /^[0-9A-HJ-NPQRTUWXY]{18}$/;

const PRICE_WORDS = ["price", "报价", "总价", "单价"];

// A package of a front that names a price anywhere is sent back (bidbox.names_a_price).
const namesAPrice = (value) => (Array.isArray(value) ? value.some(namesAPrice)
  : Boolean(value) && typeof value === "object" && Object.entries(value).some(([key, inner]) => PRICE_WORDS.some((word) => key.toLowerCase().includes(word)) || namesAPrice(inner)));

export function refusals(facts, fields, files) {
  const out = [], { price, duration_days: days, members } = fields;
  if (facts.priced && (!/^\d{1,16}\.\d{2}$/.test(price) || /^0+\.00$/.test(price))) out.push("投标报价应为大于0的数字, 单位元, 至多两位小数, 例如 9120000.00。");
  if (facts.detailed && (!Number.isInteger(days) || days < 1 || days > 99999)) out.push("工期应为1至99999的整数, 单位日历天。");
  if (!facts.priced && namesAPrice(fields)) out.push("内容中含有报价; 资格预审申请文件、技术建议和首次响应文件不得含报价, 含报价的退回。");
  if (facts.two_envelopes) for (const { name } of files) if (name === "bill.json" || PRICE_WORDS.some((word) => name.toLowerCase().includes(word))) out.push(`附件“${name}”像是报价文件: 报价和已标价清单只能放在第二信封, 请移到“第二信封的附件”, 或改名。`);
  for (const { name, uscc } of members) if (!name || !USCC.test(uscc)) out.push(`联合体成员“${name || "(未写名称)"}”的名称或18位统一社会信用代码不完整。`);
  if (files.length > 500) out.push("附件最多500个, 请打包后再选择。");
  if (files.reduce((sum, file) => sum + file.size, 0) > MOST_BYTES - (1 << 20)) out.push("附件合计超过600MB, 请压缩后再选择。");
  return out;
}

const grouped = (price) => price.replace(/\B(?=(\d{3})+(?!\d))/g, ",");

// Two amounts of 元 with two places, as whole 分: no float touches a price.
const cents = (amount) => BigInt(amount.replace(".", ""));

export function hints(facts, fields, files) {
  const out = [...(facts.priced ? aboutThePrice(facts, fields) : []), ...(facts.detailed ? againstTheFile(facts, fields, files) : [])];
  const { manager, members, registry } = fields;
  // goods have no manager; who delivers services is named in the files
  if (!facts.procured) {
    if (!manager.name) out.push("没有填写项目负责人。");
    else if (!manager.certificate) out.push("没有填写项目负责人的证书编号。");
  }
  if (members.length && !facts.consortium_allowed) out.push("招标文件不接受联合体投标。");
  if (members.length && !fields.consortium) out.push("联合体应附联合体协议(《招标投标法》第三十一条)。");
  if (registry?.records && !registry.records.length) out.push("主体库里还没有可以使用的登记信息, 固定的是空的。");
  if (!files.length) out.push("没有选择附件。");
  for (const file of files) if (!file.size) out.push(`附件“${file.name}”是空文件。`);
  return out;
}

function aboutThePrice(facts, { price, unit_prices: units }) {
  const out = [];
  for (const item of facts.items ?? []) if (cents(units[item.number]) > cents(item.price)) out.push(`${item.name}单价 ${grouped(units[item.number])} 元高于最高限制单价 ${grouped(item.price)} 元: 评审时应当认定无效。`);
  if (facts.ceiling_price && cents(price) > cents(facts.ceiling_price)) out.push(`报价 ${grouped(price)} 元高于最高投标限价 ${grouped(facts.ceiling_price)} 元: 评标委员会应当否决(《招标投标法实施条例》第五十一条)。`);
  if (facts.ceiling_price && cents(price) * 2n < cents(facts.ceiling_price)) out.push(`报价 ${grouped(price)} 元不到最高投标限价的一半, 请核对单位是否为元、是否少写了一位。`);
  return out;
}

function againstTheFile(facts, { duration_days: days, quality, subcontracts = [], commitments = [] }, files) {
  const out = [];
  if (days > facts.duration_days) out.push(`工期 ${days} 日历天长于招标文件要求的 ${facts.duration_days} 日历天, 属于没有响应招标文件的要求。`);
  if (quality !== facts.quality) out.push(`质量“${quality}”与招标文件要求的“${facts.quality}”写法不同, 请核对。`);
  if (!commitments.includes(facts.promises[0])) out.push("没有勾选“响应招标文件全部要求”。");
  for (const promise of facts.promises.slice(1)) if (!commitments.includes(promise) && !promise.startsWith("以")) out.push(`招标文件要求承诺而没有勾选: ${promise}`);
  if (subcontracts.length && !facts.subcontract_allowed) out.push("招标文件不允许分包。");
  for (const one of subcontracts) if (!one.work || !one.subcontractor) out.push("分包应写明分包的工作和分包单位。");
  if (facts.has_dark && !files.some((file) => /^暗标-\d+\.pdf$/.test(file.name))) out.push("招标文件要求技术部分暗标评审, 还没有选择暗标文件。");
  if (facts.has_bill && !files.some((file) => file.name === "bill.json")) out.push("招标文件有工程量清单, 还没有选择填好的已标价清单。");
  return out;
}
