// HMAC-Auth with a window, a hundred thousand keys and a replay check, as one writes it for node.
const crypto = require("crypto");
const http = require("http");

const keys = new Map();
for (let number = 0; number < 100000; number++) {
  const digits = String(number);
  keys.set("key-" + digits.padStart(8, "0"), "a secret of 44 bytes, for key " + digits.padStart(13, "0"));
}
let nonces = new Set(), older = new Set();
setInterval(() => { older = nonces; nonces = new Set(); }, 360000).unref();

function passes(request) {
  const credential = request.headers["hmac-auth"], date = request.headers.date;
  if (!credential || !date) return false;
  const sent = Date.parse(date), colon = credential.indexOf(":");
  if (!(Math.abs(Date.now() - sent) <= 300000) || colon < 0) return false;
  const secret = keys.get(credential.slice(0, colon));
  if (!secret) return false;
  const text = `${request.method}\n${request.url}\n${date}\n${request.headers["content-md5"] || ""}`;
  const expected = crypto.createHmac("sha1", secret).update(text).digest();
  const given = Buffer.from(credential.slice(colon + 1), "base64");
  if (given.length !== expected.length || !crypto.timingSafeEqual(given, expected)) return false;
  if (nonces.has(credential) || older.has(credential)) return false;
  nonces.add(credential);
  return true;
}

const check = process.argv[2] === "verify" ? passes : () => true;
const server = http.createServer((request, response) => {
  response.writeHead(check(request) ? 200 : 401, { "Content-Length": 2 });
  response.end("ok");
});
server.keepAliveTimeout = 0;
server.listen(0, "127.0.0.1", () => console.log("127.0.0.1:" + server.address().port));
process.stdin.on("end", () => process.exit(0)).resume();
