/** Whether a host, as `URL.hostname` writes it, is this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.[0-9]{1,3}){3}$/.test(hostname);
}

/** Why neither a key nor a person may be sent to a URL; null where they may. Never quotes the text. */
export function urlFault(text: string): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: URL drops them silently and reads another URL
  if (/[\s\u0000-\u001f\u007f]/.test(text) || !URL.canParse(text)) {
    return 'must be a URL such as https://provider.example/v1/me';
  }
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    return 'must begin with https:// (http:// is for this machine only)';
  }
  if (/[{}]/.test(url.host))
    return 'must not hold a brace in its host; {key.PART} belongs in the path or the query';
  if (url.username !== '' || url.password !== '') {
    return 'must not hold a user or a password; send them in a header or by basic';
  }
  return null;
}
