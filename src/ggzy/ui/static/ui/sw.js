// What was last seen stays readable without a network, and says so. Only pages are kept that the server marks
// (X-Offline: keep); signing out empties the shelf of what was seen while signed in.
const PARTS = "parts-v1", PUBLIC = "pages-v1", OWN = "own-v1";
const KEEP = 60;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(PARTS).then((shelf) => shelf.addAll(["/offline"])).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (![PARTS, PUBLIC, OWN].includes(name)) await caches.delete(name);
  await self.clients.claim();
})()));

async function put(name, request, reply) {
  const shelf = await caches.open(name);
  await shelf.put(request, reply);
  const keys = await shelf.keys();
  for (const old of keys.slice(0, Math.max(0, keys.length - KEEP))) await shelf.delete(old);
}

const kept = (reply) => reply.ok && reply.type === "basic" && !reply.redirected;

async function page(event) {
  const request = event.request;
  try {
    const reply = await fetch(request);
    if (kept(reply) && reply.headers.get("X-Offline") === "keep") {
      const own = /private/.test(reply.headers.get("Cache-Control") || "");
      event.waitUntil(put(own ? OWN : PUBLIC, request.url, reply.clone()));
    }
    return reply;
  } catch (trouble) {
    const found = await caches.match(request.url, { ignoreVary: true });
    if (!found) return (await caches.match("/offline", { ignoreVary: true })) || Promise.reject(trouble);
    const seen = new Date(found.headers.get("Date") || 0).toLocaleString("zh-CN", { timeZone: "Asia/Shanghai", hour12: false });
    const says = `当前没有网络。这是 ${seen} 看到的内容, 可能已经变化; 不能办理, 联网后请刷新。`;
    const text = (await found.text()).replace(/(<p class="notice busy" id="offline") hidden>/, `$1 role="status">${says}`);
    return new Response(text, { status: 200, headers: { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": found.headers.get("Content-Security-Policy") || "" } });
  }
}

// styles and scripts: the fresh ones, and those of the shelf without a network
async function part(event) {
  try {
    const reply = await fetch(event.request);
    if (kept(reply)) event.waitUntil(put(PARTS, event.request.url, reply.clone()));
    return reply;
  } catch (trouble) {
    return (await caches.match(event.request.url, { ignoreVary: true })) || Promise.reject(trouble);
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event, address = new URL(request.url);
  if (address.origin !== self.location.origin) return;
  if (request.method === "POST" && address.pathname === "/logout") { event.waitUntil(caches.delete(OWN)); return; }
  if (request.method !== "GET" || request.headers.has("Range")) return;
  if (request.mode === "navigate") event.respondWith(page(event));
  else if (address.pathname.startsWith("/static/ui/") && !address.pathname.endsWith("/sw.js")) event.respondWith(part(event));
});
