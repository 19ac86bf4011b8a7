import { REFERENCE } from '../core/setting.ts';
import type { Mistakes } from './problems.ts';
import { dotted, looksSecret, type Path } from './wording.ts';

/** Texts that are a secret wherever they stand: an age identity, a Meta token, a private key, a JWT, a header's value. */
const SECRETS = [
  /AGE-SECRET-KEY-1/i,
  /\bEAA[A-Za-z0-9]{24,}/,
  /-----BEGIN [A-Z ]*PRIVATE KEY/,
  // Without a dot after it: looking for one takes the square of the length of a hostile text.
  /\beyJ[A-Za-z0-9_-]{10}/,
  /\b(Bearer|Basic) +[A-Za-z0-9._~+/=-]{16,}/i,
];

/** Reports every text that is a secret, and every URL that would send one in clear. */
export function checkLiterals(value: unknown, path: Path, mistakes: Mistakes): void {
  if (typeof value === 'string') {
    if (!mistakes.has(path)) checkText(value, path, mistakes);
  } else if (Array.isArray(value)) {
    value.forEach((item, at) => {
      checkLiterals(item, [...path, at], mistakes);
    });
  } else if (value !== null && typeof value === 'object') {
    for (const [key, item] of Object.entries(value)) checkLiterals(item, [...path, key], mistakes);
  }
}

function checkText(text: string, path: Path, mistakes: Mistakes): void {
  const variable = text.startsWith('env:') && REFERENCE.test(text) ? text.slice(4) : '';
  if (SECRETS.some((pattern) => pattern.test(text)) || looksSecret(variable)) {
    const remedy = 'replace it if it was ever shared, and name its place: env:NAME or file:PATH';
    mistakes.add(path, `${dotted(path)} holds what looks like a secret`, remedy);
    return;
  }
  if (!/^https?:/i.test(text)) return;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) {
    mistakes.add(path, `${dotted(path)} is not a URL`, 'write it as https://host/path');
  } else if (url.username !== '' || url.password !== '') {
    mistakes.add(path, `${dotted(path)} carries a user name or a password`, 'take them out of the URL');
  } else if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    mistakes.add(
      path,
      `${dotted(path)} is http: to another machine`,
      'use https:; http: is for 127.0.0.1 only',
    );
  }
}

/** Whether a host name, as `URL` writes it, is this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
