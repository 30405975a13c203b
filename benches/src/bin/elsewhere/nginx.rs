//! nginx, with the check in Lua and without.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use countersign_benches::Result;
use countersign_benches::requests::{KEYS, id};

use crate::program::Program;

/// Where Debian puts the module, and what that needs.
const MODULES: [&str; 2] = [
    "/usr/lib/nginx/modules/ndk_http_module.so",
    "/usr/lib/nginx/modules/ngx_http_lua_module.so",
];

/// Whether nginx is here with Lua.
pub(crate) fn is_there() -> bool {
    MODULES.iter().all(|path| Path::new(path).exists())
}

/// Starts one process of it in `folder`; with the check if `checked`.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn start(folder: &Path, checked: Check) -> Result<Program> {
    let address = free_address()?;
    fs::write(folder.join("ok"), "ok")?;
    fs::write(folder.join("verify.lua"), include_str!("verify.lua"))?;
    let (modules, keys, check) = match checked {
        Check::None => (String::new(), String::new(), ""),
        Check::Lua => (
            MODULES.map(|it| format!("load_module {it};\n")).concat(),
            filled_with_keys(),
            "access_by_lua_file verify.lua;",
        ),
    };
    let configuration = format!(
        "{modules}daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr crit;\n\
         events {{ worker_connections 256; }}\n\
         http {{\n  access_log off;\n  keepalive_requests 1000000000;\n{keys}  server {{\n    \
         listen {address};\n    location / {{ root .; {check} rewrite ^ /ok break; }}\n  }}\n}}\n"
    );
    let path = folder.join("nginx.conf");
    fs::write(&path, configuration)?;
    let prefix = folder.to_str().ok_or("a folder of text")?;
    let path = path.to_str().ok_or("a file of text")?;
    Program::at(address, "nginx", &["-p", prefix, "-c", path])
}

/// Whether a request is checked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Check {
    None,
    Lua,
}

/// The shared dictionaries, and the keys in one of them.
fn filled_with_keys() -> String {
    let last = KEYS.saturating_sub(1);
    let (first, prefix) = (id(0), id(0).trim_end_matches('0').to_owned());
    let digits = first.len().saturating_sub(prefix.len());
    format!(
        "  lua_shared_dict keys 64m;\n  lua_shared_dict nonces 256m;\n  init_by_lua_block {{\n    \
         for number = 0, {last} do\n      ngx.shared.keys:set(string.format(\"{prefix}%0{digits}d\", \
         number), string.format(\"a secret of 44 bytes, for key %013d\", number))\n    end\n  }}\n"
    )
}

/// nginx does not tell which port it took, so it is told one that was free a moment ago.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
