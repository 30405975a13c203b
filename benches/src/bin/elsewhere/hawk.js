// The reference implementation of Hawk, as its documentation shows it, with the replay check it leaves to its user.
const http = require("http");
const Hawk = require(process.argv[2] + "/node_modules/@hapi/hawk");

const nonces = new Set();
const find = (id) => ({ id, key: "a secret of 44 bytes, for key 0000000000000", algorithm: "sha256", user: "dave" });
const nonceFunc = (key, nonce, ts) => {
  const name = key + nonce + ts;
  if (nonces.has(name)) throw new Error("replayed");
  nonces.add(name);
};

const server = http.createServer(async (request, response) => {
  let status = 200;
  try {
    await Hawk.server.authenticate(request, find, { nonceFunc });
  } catch (error) {
    status = 401;
  }
  response.writeHead(status, { "Content-Length": 2 });
  response.end("ok");
});
server.keepAliveTimeout = 0;
server.listen(0, "127.0.0.1", () => console.log("127.0.0.1:" + server.address().port));
process.stdin.on("end", () => process.exit(0)).resume();
