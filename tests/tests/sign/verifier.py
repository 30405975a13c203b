"""A service that verifies one scheme, written from its specification with the standard library alone.

usage: verifier.py SCHEME KEY_ID SECRET HASH

Prints its port, and answers 200 with the body it was sent, or 401 with what it did not like, until
its standard input ends. HASH is sha1 or sha256, where the scheme leaves the choice to the key.
"""

import base64
import hashlib
import hmac
import re
import sys
import threading
import time
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SCHEME, KEY_ID, SECRET, HASH = sys.argv[1:]
SECRET = SECRET.encode()
SEEN = set()


def b64(data):
    return base64.b64encode(data).decode()


def mac(name, key, text):
    return hmac.new(key, text.encode("latin-1"), name).digest()


def auth_key(request, get):
    word, _, credential = get("auth-key").partition(" ")
    assert word == "MAC", "scheme word"
    fields = credential.split(":")
    path, _, query = request.path.partition("?")
    lines = []
    for name, value in request.headers.items():
        if name.lower().startswith("x-mac-"):
            lines.append(name.lower() + ":" + re.sub("[ \t]+", " ", value.strip(" \t")))
    lines.sort()
    if request.content:
        digest = b64(hashlib.sha256(request.content).digest())
        assert get("x-mac-content-sha256") == digest, "digest"
    else:
        assert not get("x-mac-content-sha256"), "a digest of nothing"
    if SCHEME == "auth-key wiki":
        key_id, signature = fields
        stamp = get("x-mac-date")
        assert get("date"), "Date"
        when, nonce = parsedate_to_datetime(stamp).timestamp(), get("x-mac-nonce")
        text = "\n".join([request.command, "\n".join(lines), path, query])
        key = hashlib.sha256(stamp.encode() + SECRET).digest()
    else:
        stamp, key_id, signature = fields[0], fields[1], fields[-1]
        when, nonce = int(stamp), get("x-mac-nonce")
        if SCHEME == "auth-key v1":
            text = "\n".join([request.command] + lines + [path, query, stamp])
        else:
            parts = [request.command, path, query] + lines + ["MAC", stamp]
            if SCHEME == "auth-key v3":
                nonce = fields[2]
                parts.append(nonce)
            text = "\n".join(parts)
        key = hashlib.sha256(SECRET + stamp.encode()).digest()
    return key_id, when, nonce, signature, b64(mac("sha256", key, text))


def hmac_auth(request, get):
    key_id, signature = get("hmac-auth").split(":")
    digest = get("content-md5")
    if request.content:
        assert digest == b64(hashlib.md5(request.content).digest()).rstrip("="), "digest"
    text = "\n".join([request.command, request.path, get("date"), digest])
    when = parsedate_to_datetime(get("date")).timestamp()
    expected = b64(mac(SCHEME.split()[1], SECRET, text)).rstrip("=")
    return key_id, when, None, signature, expected


def moxie(request, get):
    url = "http://" + get("host") + request.path
    date, nonce = get("date"), get("x-hmac-nonce")
    text = "\n".join([request.command, url, "date:" + date, "x-hmac-nonce:" + nonce])
    if SCHEME == "moxie as documented":
        text = text.lower()
    when = parsedate_to_datetime(date).timestamp()
    return get("x-moxie-key"), when, nonce, get("authorization"), mac("sha1", SECRET, text).hex()


def oauth_mac(request, get):
    word, _, rest = get("authorization").partition(" ")
    assert word == "MAC", "scheme word"
    found = dict(re.findall(r'(\w+)="([^"]*)"', rest))
    host, _, port = get("host").rpartition(":")
    key, ext = SECRET, ""
    if SCHEME.startswith("mac yar"):
        key = base64.urlsafe_b64decode(key + b"=" * (-len(key) % 4))
        content = get("content-type").encode("latin-1") + request.content
        ext = hashlib.sha1(content).hexdigest() if content else ""
    assert found["ext"] == ext, "ext"
    lines = [found["ts"], found["nonce"], request.command, request.path, host, port, ext]
    expected = mac(HASH, key, "".join(line + "\n" for line in lines))
    expected = expected.hex() if SCHEME.startswith("mac yar") else b64(expected)
    return found["id"], int(found["ts"]), found["nonce"], found["mac"], expected


def basic(_request, get):
    word, _, credential = get("authorization").partition(" ")
    assert word == "Basic", "scheme word"
    return KEY_ID, time.time(), None, credential, b64(SECRET + b":")


VERIFY = {"auth-key": auth_key, "hmac-auth": hmac_auth, "moxie": moxie, "mac": oauth_mac, "basic": basic}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def answer(self):
        self.content = self.rfile.read(int(self.headers.get("content-length", 0)))
        # http.server drops one of two leading slashes; the request line has both.
        self.path = self.requestline.split(" ")[1]
        try:
            assert self.headers.get("transfer-encoding") is None, "framing"
            get = lambda name: self.headers.get(name, "").strip(" \t")
            verify = VERIFY[SCHEME.split()[0]]
            key_id, when, nonce, signature, expected = verify(self, get)
            assert key_id == KEY_ID, "key id"
            assert abs(time.time() - when) < 60, "time"
            assert hmac.compare_digest(signature, expected), "signature"
            assert nonce is None or (len(nonce) == 32 and nonce not in SEEN), "nonce"
            SEEN.add(nonce)
            status, text = 200, self.content
        except (AssertionError, KeyError, ValueError) as error:
            status, text = 401, repr(error).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    def log_message(self, *_arguments):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
