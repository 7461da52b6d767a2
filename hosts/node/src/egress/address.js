// Which addresses a name may lead to: those of the public Internet, unless the operator wrote that very host. The ranges are those of
// the IANA special-purpose registries (RFC 6890 and its updates); the metadata services are the clouds'.

import { BlockList, isIP } from 'node:net';

/** @typedef {'public' | 'private' | 'never'} AddressClass `never`: only for an operator who wrote the address itself */

/** Loopback, private and carrier networks: where real servers of a company live. */
const PRIVATE = ranges([
  '127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '::1/128', 'fc00::/7', 'fec0::/10',
]);

/** Metadata services, link-local, multicast, documentation, reserved, and IPv6 that carries an IPv4 address. */
const NEVER = ranges([
  '100.100.100.200/32', '168.63.129.16/32', '192.0.0.0/24', '0.0.0.0/8', '169.254.0.0/16', '192.0.2.0/24', '198.51.100.0/24',
  '203.0.113.0/24', '192.88.99.0/24', '198.18.0.0/15', '224.0.0.0/3', 'fd00:ec2::254/128', 'fd20:ce::254/128', '64:ff9b::/32',
  '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20', 'fe80::/10', 'ff00::/8',
]);

const GLOBAL_V6 = ranges(['2000::/3']);

/** @param {string[]} list */
function ranges(list) {
  const blocks = new BlockList();
  for (const range of list) {
    const [net, prefix] = range.split('/');
    blocks.addSubnet(net, Number(prefix), isIP(net) === 6 ? 'ipv6' : 'ipv4');
  }
  return blocks;
}

/** The first eight groups of an IPv6 address. @param {string} address */
function groups(address) {
  const url = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head, tail = ''] = url.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const gap = url.includes('::') ? Array(8 - left.length - right.length).fill('0') : [];
  return [...left, ...gap, ...right].map((group) => parseInt(group, 16));
}

/** @param {string} address IPv4 or IPv6 without brackets and zone @returns {AddressClass} */
export function classOf(address) {
  if (isIP(address) === 4) {
    if (NEVER.check(address)) return 'never';
    return PRIVATE.check(address) ? 'private' : 'public';
  }
  const parts = groups(address);
  if (parts.slice(0, 7).every((group) => group === 0) && parts[7] === 1) return 'private';
  // `BlockList` takes a mapped address for IPv4, so these are looked at first: unspecified, compatible, mapped, translated.
  if (parts.slice(0, 4).every((group) => group === 0)) return 'never';
  if (NEVER.check(address, 'ipv6')) return 'never';
  if (PRIVATE.check(address, 'ipv6')) return 'private';
  return GLOBAL_V6.check(address, 'ipv6') ? 'public' : 'never';
}
