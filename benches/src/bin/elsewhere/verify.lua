-- HMAC-Auth with a window, a hundred thousand keys and a replay check, as one writes it for nginx.
local credential, date = ngx.var.http_hmac_auth, ngx.var.http_date
if not credential or not date then return ngx.exit(401) end
local colon = credential:find(":", 1, true)
local sent = ngx.parse_http_time(date)
if not colon or not sent or math.abs(ngx.time() - sent) > 300 then return ngx.exit(401) end
local id, signature = credential:sub(1, colon - 1), credential:sub(colon + 1)
local secret = ngx.shared.keys:get(id)
if not secret then return ngx.exit(401) end
local text = ngx.req.get_method() .. "\n" .. ngx.var.request_uri .. "\n" .. date .. "\n" .. (ngx.var.http_content_md5 or "")
if ngx.encode_base64(ngx.hmac_sha1(secret, text), true) ~= signature then return ngx.exit(401) end
if not ngx.shared.nonces:add(id .. ":" .. signature, true, 360) then return ngx.exit(401) end
