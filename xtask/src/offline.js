// The page without a network. All that it consists of is kept at the first visit, one release at a time:
// what is shown comes from one release as a whole, and never half from an older one.
// `cargo xtask seal` fills in the release and its files.
const RELEASE = "{{RELEASE}}";
const FILES = [
  {{FILES}}
];

const scope = self.registration.scope;
const own = `interleave ${scope} `;
const kept = () => caches.open(own + RELEASE);

self.addEventListener("install", (event) => {
  // Past the browser's own cache: it may still hold a file of the release before under the same name.
  const fresh = FILES.map((file) => new Request(new URL(file, scope), { cache: "reload" }));
  event.waitUntil(kept().then((cache) => cache.addAll(fresh)));
});

self.addEventListener("activate", (event) => {
  const older = (name) => name.startsWith(own) && name !== own + RELEASE;
  const forget = (names) => Promise.all(names.filter(older).map((name) => caches.delete(name)));
  event.waitUntil(caches.keys().then(forget));
});

self.addEventListener("message", (event) => {
  if (event.data === "take over") self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  const inside = url.href.startsWith(scope) ? url.pathname.slice(new URL(scope).pathname.length) : null;
  if (event.request.method !== "GET" || inside === null) return;
  const file = inside === "" || inside.endsWith("/") ? `${inside}index.html` : inside;
  if (FILES.includes(file)) event.respondWith(answer(event.request, file));
});

async function answer(request, file) {
  const next = self.registration.waiting;
  // A newer release waits, and nothing else of this one is open: it takes over before anything is shown.
  if (request.mode === "navigate" && next && (await self.clients.matchAll()).length < 2) {
    next.postMessage("take over");
    return new Response("", { headers: { Refresh: "0" } });
  }
  const found = await (await kept()).match(new URL(file, scope));
  return found ?? fetch(request);
}
