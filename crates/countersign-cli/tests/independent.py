"""The schemes once more, from their specifications alone, with nothing but the standard library.

Reads a JSON list of objects from standard input and writes a list of answers to standard output:

  {"do": "verify", "scheme", "key_id", "secret", "method", "url", "body", "headers"}
      -> {"ok": bool, "why": str}
  {"do": "send", the same without "headers"}: signs and sends
      -> {"status": int, "body": str}
  {"do": "send with requests", the same}: signs what the library requests is about to send
      -> {"status": int, "body": str}

`secret` and `body` are Base64. Optional: `content_type`, `algorithm` (hmac-sha-1 or hmac-sha-256).
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import sys
import time
from email.utils import formatdate, parsedate_to_datetime
from urllib.parse import urlsplit


def b64(data):
    return base64.b64encode(data).decode()


def unpadded(data):
    return b64(data).rstrip("=")


def mac(hash_name, key, text):
    return hmac.new(key, text.encode(), hash_name).digest()


class Request:
    def __init__(self, given):
        self.scheme = given["scheme"]
        self.key_id = given["key_id"]
        self.secret = base64.b64decode(given["secret"])
        self.method = given["method"]
        self.url = given["url"]
        self.body = base64.b64decode(given.get("body", ""))
        self.content_type = given.get("content_type", "")
        self.hash = "sha256" if given.get("algorithm") == "hmac-sha-256" else "sha1"
        # http and https only, and the path and query exactly as written.
        scheme, rest = self.url.split("://", 1)
        self.authority = re.split(r"[/?]", rest, maxsplit=1)[0]
        target = rest[len(self.authority):]
        self.target = target if target.startswith("/") else "/" + target
        self.path, _, self.query = self.target.partition("?")
        split = urlsplit(self.url)
        self.host = self.authority.rsplit(":", 1)[0] if split.port else self.authority
        self.port = split.port or (443 if scheme == "https" else 80)


# --- Auth-Key -------------------------------------------------------------------------------

def x_lines(headers):
    lines = []
    for name, value in headers.items():
        if name.lower().startswith("x-mac-"):
            lines.append(name.lower() + ":" + re.sub(r"[ \t]+", " ", value.strip()))
    return sorted(lines)


def auth_key_text(request, headers, time_text, request_id):
    lines = x_lines(headers)
    head = [request.method]
    where = [request.path, request.query]
    if request.scheme == "auth-key":
        return "\n".join(head + ["\n".join(lines)] + where)
    if request.scheme == "auth-key-v1":
        return "\n".join(head + lines + where + [time_text])
    tail = ["MAC", time_text]
    if request.scheme == "auth-key-v3":
        tail.append(request_id)
    return "\n".join(head + where + lines + tail)


def auth_key_signature(request, headers, time_text, request_id):
    text = auth_key_text(request, headers, time_text, request_id)
    if request.scheme == "auth-key":
        key = hashlib.sha256(time_text.encode() + request.secret).digest()
    else:
        key = hashlib.sha256(request.secret + time_text.encode()).digest()
    return b64(mac("sha256", key, text))


def sign_auth_key(request, now, nonce):
    headers = {}
    date = formatdate(now, usegmt=True)
    time_text = date if request.scheme == "auth-key" else str(now)
    if request.scheme == "auth-key":
        headers["Date"] = date
        headers["x-mac-date"] = date
    if request.scheme != "auth-key-v3":
        headers["x-mac-nonce"] = nonce
    if request.body:
        headers["x-mac-content-sha256"] = b64(hashlib.sha256(request.body).digest())
    signature = auth_key_signature(request, headers, time_text, nonce)
    fields = {
        "auth-key": [request.key_id, signature],
        "auth-key-v1": [time_text, request.key_id, signature],
        "auth-key-v2": [time_text, request.key_id, signature],
        "auth-key-v3": [time_text, request.key_id, nonce, signature],
    }[request.scheme]
    headers["Auth-Key"] = "MAC " + ":".join(fields)
    return headers


def verify_auth_key(request, headers, get):
    word, _, credential = get("auth-key").partition(" ")
    assert word == "MAC", "the scheme word is MAC"
    request_id = ""
    if request.scheme == "auth-key":
        key_id, signature = credential.split(":")
        time_text = get("x-mac-date")
        assert get("date"), "Date is there"
        when = parsedate_to_datetime(time_text).timestamp()
    else:
        fields = credential.split(":")
        time_text, key_id, signature = fields[0], fields[1], fields[-1]
        if request.scheme == "auth-key-v3":
            request_id = fields[2]
        when = int(time_text)
    if request.body:
        digest = b64(hashlib.sha256(request.body).digest())
        assert get("x-mac-content-sha256") == digest, "the digest is that of the body"
    expected = auth_key_signature(request, headers, time_text, request_id)
    return key_id, when, signature, expected


# --- HMAC-Auth ------------------------------------------------------------------------------

def hmac_auth_signature(request, date, digest):
    text = "\n".join([request.method, request.target, date, digest])
    name = "sha256" if request.scheme == "hmac-auth-sha256" else "sha1"
    return unpadded(mac(name, request.secret, text))


def sign_hmac_auth(request, now, _nonce):
    headers = {"Date": formatdate(now, usegmt=True)}
    digest = ""
    if request.body:
        digest = unpadded(hashlib.md5(request.body).digest())
        headers["Content-MD5"] = digest
    signature = hmac_auth_signature(request, headers["Date"], digest)
    headers["HMAC-Auth"] = request.key_id + ":" + signature
    return headers


def verify_hmac_auth(request, _headers, get):
    key_id, signature = get("hmac-auth").split(":")
    digest = get("content-md5")
    if request.body:
        assert digest == unpadded(hashlib.md5(request.body).digest()), "the digest is right"
    expected = hmac_auth_signature(request, get("date"), digest)
    return key_id, parsedate_to_datetime(get("date")).timestamp(), signature, expected


# --- Moxie ----------------------------------------------------------------------------------

def moxie_signature(request, date, nonce):
    url = request.url.split("://")[0] + "://" + request.authority + request.target
    text = "\n".join([request.method, url, "date:" + date, "x-hmac-nonce:" + nonce])
    return mac("sha1", request.secret, text).hex()


def sign_moxie(request, now, nonce):
    date = formatdate(now, usegmt=True)
    return {
        "Date": date,
        "X-HMAC-Nonce": nonce,
        "X-Moxie-Key": request.key_id,
        "Authorization": moxie_signature(request, date, nonce),
    }


def verify_moxie(request, _headers, get):
    expected = moxie_signature(request, get("date"), get("x-hmac-nonce"))
    when = parsedate_to_datetime(get("date")).timestamp()
    return get("x-moxie-key"), when, get("authorization"), expected


# --- MAC ------------------------------------------------------------------------------------

def mac_ext(request):
    content = request.content_type.encode() + request.body
    return hashlib.sha1(content).hexdigest() if content else ""


def mac_signature(request, ts, nonce, ext):
    yar = request.scheme == "mac"
    host = request.host if yar else request.host.lower()
    lines = [ts, nonce, request.method, request.target, host, str(request.port), ext]
    text = "".join(line + "\n" for line in lines)
    key = request.secret
    if yar:
        key = base64.urlsafe_b64decode(key + b"=" * (-len(key) % 4))
    signature = mac(request.hash, key, text)
    return signature.hex() if yar else b64(signature)


def sign_mac(request, now, nonce):
    ext = mac_ext(request) if request.scheme == "mac" else ""
    signature = mac_signature(request, str(now), nonce, ext)
    values = [("id", request.key_id), ("ts", now), ("nonce", nonce), ("ext", ext), ("mac", signature)]
    return {"Authorization": "MAC " + ", ".join('%s="%s"' % value for value in values)}


def verify_mac(request, _headers, get):
    word, _, rest = get("authorization").partition(" ")
    assert word == "MAC", "the scheme word is MAC"
    found = dict(re.findall(r'(\w+)="([^"]*)"', rest))
    ext = found.get("ext", "")
    if request.scheme == "mac":
        assert ext == mac_ext(request), "ext is the hash of content type and body"
    expected = mac_signature(request, found["ts"], found["nonce"], ext)
    return found["id"], int(found["ts"]), found["mac"], expected


# --- Basic ----------------------------------------------------------------------------------

def sign_basic(request, _now, _nonce):
    return {"Authorization": "Basic " + b64(request.secret + b":")}


def verify_basic(request, _headers, get):
    word, _, credential = get("authorization").partition(" ")
    assert word == "Basic", "the scheme word is Basic"
    return request.key_id, time.time(), credential, b64(request.secret + b":")


AUTH_KEY = (sign_auth_key, verify_auth_key)
HMAC_AUTH = (sign_hmac_auth, verify_hmac_auth)
MAC = (sign_mac, verify_mac)
SCHEMES = {
    "auth-key": AUTH_KEY,
    "auth-key-v1": AUTH_KEY,
    "auth-key-v2": AUTH_KEY,
    "auth-key-v3": AUTH_KEY,
    "hmac-auth": HMAC_AUTH,
    "hmac-auth-sha256": HMAC_AUTH,
    "moxie": (sign_moxie, verify_moxie),
    "mac": MAC,
    "mac-draft": MAC,
    "basic": (sign_basic, verify_basic),
}


def signed(request):
    sign, _ = SCHEMES[request.scheme]
    headers = sign(request, int(time.time()), os.urandom(16).hex())
    if request.content_type:
        headers["Content-Type"] = request.content_type
    return headers


def verified(request, headers):
    folded = {name.lower(): value for name, value in headers.items()}
    _, verify = SCHEMES[request.scheme]
    try:
        found = verify(request, headers, lambda name: folded.get(name, ""))
        key_id, when, signature, expected = found
        assert key_id == request.key_id, "the key id is right"
        assert abs(time.time() - when) < 60, "the time is now"
        assert hmac.compare_digest(signature, expected), "the signature is right"
    except (AssertionError, KeyError, ValueError) as error:
        return {"ok": False, "why": repr(error)}
    return {"ok": True, "why": ""}


def sent(request):
    connection = http.client.HTTPConnection(request.authority, timeout=20)
    headers = signed(request)
    connection.request(request.method, request.target, body=request.body or None, headers=headers)
    answer = connection.getresponse()
    return {"status": answer.status, "body": answer.read().decode()}


def sent_with_requests(given, request):
    import requests

    def sign(prepared):
        # The library rewrites targets (%41 becomes A): what counts is what it sends.
        final = Request(dict(given, url=prepared.url))
        prepared.headers.update(signed(final))
        return prepared

    with requests.Session() as session:
        session.trust_env = False
        answer = session.request(
            request.method,
            request.url,
            data=request.body or None,
            auth=sign,
            allow_redirects=False,
            timeout=20,
        )
    return {"status": answer.status_code, "body": answer.text}


def done(given):
    request = Request(given)
    if given["do"] == "send":
        return sent(request)
    if given["do"] == "send with requests":
        return sent_with_requests(given, request)
    return verified(request, given["headers"])


json.dump([done(given) for given in json.load(sys.stdin)], sys.stdout)
