//! WeCom's side and the kit together, over the kit's fake platform.

mod login;
