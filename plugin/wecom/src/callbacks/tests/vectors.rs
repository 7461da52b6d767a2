//! Deliveries that another implementation sealed and signed, made once with the Python library wechatpy 1.8.18 (its
//! `crypto.WeChatCrypto`, over cryptography 50.0.2): the other samples here are the documentation's and our own, and whoever writes
//! both sides may misread both in the same way.

use organisation_kit::contract::types::Body;

use super::{
    config, handled,
    sealing::{Sent, app},
};

/// Random part, message, time, nonce, what was sent, its signature, bytes of padding.
const SEALED: [(&str, &str, &str, &str, &str, &str, usize); 7] = [
    (
        "Runzqw4ZyVGOeUvf",
        "1588139986987973091141707",
        "1790000001",
        "nonce1",
        "VNWSMh8iDE1dZIfBn2MBqpDLTqAVpeD29JrrHJarKP7ti0YqmM8bceqHujSo4FNBFsRoFwJzEUJV+6C4z1VQew==",
        "be167c7f8fecce9201f09c1233ee81233f238d49",
        1,
    ),
    (
        "DBfz5LJFh8GWM26H",
        "88447294055",
        "1790000015",
        "nonce15",
        "MQapsROI6mkn2D+8GJeH7dAlgU8cWvpq9vsFMYojQkgN0KgpBx1BgVlZ1mjZ6MYNlBNX4byvk92bfF9St6Z6Zg==",
        "ac42a4e5a82341ee38f98669af57a4ad1137de96",
        15,
    ),
    (
        "0dTH4Qg7NBEjZohO",
        "4697880932",
        "1790000016",
        "nonce16",
        "QCV24MVmSaNDZiBEHPFT1vtTc4GzRiJp/lOoq2b8P1tw4kUTCqh48Orv8seCDxWbx+TT6ZUr5quU8NHyFJf8dQ==",
        "c9c9dbd5bd696a56e7750838d359ca2320830c59",
        16,
    ),
    (
        "SEZ4zBms1racjPMD",
        "778486488",
        "1790000017",
        "nonce17",
        "39esgt9ZrYeghGSAldgMU2mBDr0tkJ8fIiTRuStokPcxI6UU2csRq3MdkbcKNWNs90CnZBaL2GGZhZ2PtHeEJg==",
        "d46b583fbe58002b394695cfe5e0e9f87959b86c",
        17,
    ),
    (
        "gmV2AjCaf63LI1N8",
        "875347787680457178472671475",
        "1790000031",
        "nonce31",
        "FCxJYq2b3LY1o/WXDJeUBnGaGptCh1CuRx3bqbbgxjOPx4u/1TU2Wsuglr2JtQYuoUOeDzFQ/Z/5sQE7PbE+y3B5+Opf2GAXaZEGDFySqGe8khNJ7jI+f9vD5bcBNou2",
        "722b9e99c9b5915c46bc5ad06bc1e1f2c0929b51",
        31,
    ),
    (
        "Y96LtGAyZjHm2agX",
        "31908452059972837929841622",
        "1790000032",
        "nonce32",
        "KSXI+Oe/6Mii+8sal2i+e5s3tRBxalrncxQeOW37OGL/oGdHEPxWi6UTeT1ZDASPWT2M/y4jHb4EY8Y7Ozrsa8KpgsjYBkgwPvGue0zk5yu1/nTgkx5ZICpG7w5M7pUG",
        "fda79cf4bc6d653d01a8ef945117c238d9f26597",
        32,
    ),
    (
        "4ed1wP5Xb6GEuRtC",
        "<xml><ToUserName><![CDATA[ww0123456789abcdef]]></ToUserName><FromUserName><![CDATA[zhangsan]]></FromUserName><CreateTime>1790000100</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好，世界 & <b>🎉</b>]]></Content><MsgId>1</MsgId><AgentID>1000002</AgentID></xml>",
        "1790000101",
        "+/= %",
        "xNDvZGKPywuvMhkCPTLkhhTRKmhDylKij6hVEmOwMfXQhbXoZycc/kDXeCsV5NG7YGMQWrNM7cyR2E+5RMO8nBjtmBhiVvMoHovg+IM9qQPgYvfJVf5AeHnQa8Vmvp64jsy0cV9scG/AQ8xY5SxAMxKnQfRckFuxvtgfJWvkWrtBJZqq8QR6XpYrge0jm3AkvZ7okFW02xl3vXmHXmVzYmZ35jOOsi11Cbe2Lc98QCJOFLD49QDS88Ybz1qq7VAHKDUHBCrzoB93PVgnNN4YpQpHuKjc5iu9TSxRD9hxO/qDI7XVYyysjKmn35tM45pumBpUN8+zHNV2Lvp50jPILpN5rjcJ2/T5nVR1Pl6RPfryet+QEOLBX+ZtjnOsHLZnwcUxoKhlBvELwsrs/vdelhGMnW3xWjQtiq2zSehuBQB8WmvcpHJNw+slkMvG1dehyK8XYRT9w5NbputsM0L6Uw==",
        "d74fb2291ed2f0990e098a1d5c1f2308d669dcfd",
        27,
    ),
];

#[test]
fn what_another_implementation_sealed_is_read_and_sealed_alike() {
    for (random, message, timestamp, nonce, encrypted, signature, padding) in SEALED {
        let side = app();
        let plain = 16 + 4 + message.len() + side.receiver.len();
        assert_eq!(plain.next_multiple_of(32) - plain, padding % 32, "{message}");
        let random = random.as_bytes().try_into().unwrap();
        let ours = side.sent(timestamp, nonce, &side.seal(random, message));
        assert_eq!((ours.encrypted.as_str(), ours.signature.as_str()), (encrypted, signature), "{message}");

        let sent = Sent {
            signature: signature.to_owned(),
            timestamp: timestamp.to_owned(),
            nonce: nonce.to_owned(),
            encrypted: encrypted.to_owned(),
        };
        if message.starts_with('<') {
            let delivered = handled(&config(), &sent.delivery("wecom"));
            assert_eq!((delivered.response.status, delivered.events.len()), (200, 1), "{message}");
            assert!(format!("{:?}", delivered.events).contains("你好，世界 & <b>🎉</b>"), "{:?}", delivered.events);
        } else {
            let answer = handled(&config(), &sent.check("wecom")).response;
            assert_eq!((answer.status, answer.body), (200, Body::Text(message.to_owned())), "{message}");
        }
    }
}
