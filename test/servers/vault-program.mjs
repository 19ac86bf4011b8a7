/**
 * Stands in for the `vault` program, in the few forms that docs/stores/vault.md shows: each is the request to Vault's
 * API that its documentation names. It speaks to the Vault of VAULT_ADDR with VAULT_TOKEN.
 */
import { readFile } from 'node:fs/promises';
import { argv, env, stdout } from 'node:process';

const words = argv.slice(2).filter((word) => !word.startsWith('-'));
const field = argv.find((word) => word.startsWith('-field='))?.slice('-field='.length);
const [verb = '', first = '', second = '', third = ''] = words;

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 */
async function call(method, path, body) {
  const reply = await fetch(`${env.VAULT_ADDR}/v1/${path}`, {
    method,
    headers: { 'X-Vault-Token': env.VAULT_TOKEN ?? '' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${await reply.text()}`);
  const text = await reply.text();
  const data = text === '' ? {} : JSON.parse(text).data;
  if (field !== undefined) stdout.write(String(data[field]));
}

if (verb === 'auth' && first === 'enable') await call('POST', `sys/auth/${second}`, { type: second });
else if (verb === 'policy' && first === 'write')
  await call('POST', `sys/policies/acl/${second}`, { policy: await readFile(third, 'utf8') });
else if (verb === 'read') await call('GET', first);
else if (verb === 'write')
  await call('POST', first, Object.fromEntries(words.slice(2).map((pair) => pair.split('='))));
else throw new Error(`vault ${words.join(' ')}: not one of the forms that the page shows`);
