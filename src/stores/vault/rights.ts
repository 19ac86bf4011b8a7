import { KeyturnError } from '../../core/errors.ts';
import type { LedgerAddress, MissingRight, SecretStore } from '../../core/store.ts';
import { storeCall } from '../../core/store-call.ts';
import { badReply, policyLine } from './faults.ts';
import { field, type Kv } from './kv.ts';
import { ledgerPlace, ownPlace, placesOf, type Steps, segmentPlace } from './paths.ts';

interface Need {
  /** The path that is asked about. */
  readonly path: string;
  /** What the line of a policy is for. */
  readonly covers: string;
  readonly capabilities: readonly string[];
}

const WRITE = ['create', 'read', 'update'];
const MARK = 'r1.1';
const VERSION = '1.20000101T000000Z';

/** What a whole rotation needs. docs/stores/vault.md shows the same as a policy. */
function needsOf(at: LedgerAddress, kv: Kv, ownPath: string): readonly Need[] {
  const { value, staged, kept } = placesOf(at.location, ownPath);
  const path = (kind: 'data' | 'metadata', steps: Steps) => [...kv.mount, kind, ...steps].join('/');
  const below = (kind: 'data' | 'metadata') => `${path(kind, ownPlace(at.location, ownPath))}/*`;
  const copies = [staged(MARK), kept(VERSION), segmentPlace(at, 'trail', ownPath)];
  return [
    { path: path('data', value), covers: path('data', value), capabilities: WRITE },
    ...[...copies, ledgerPlace(at, ownPath)].map((steps) => ({
      path: path('data', steps),
      covers: below('data'),
      capabilities: WRITE,
    })),
    ...copies.map((steps) => ({
      path: path('metadata', steps),
      covers: below('metadata'),
      capabilities: ['delete'],
    })),
  ];
}

export function rightsOn(kv: Kv, ownPath: string): NonNullable<SecretStore['rights']> {
  return (at, signal) =>
    storeCall('ask Vault for the rights of this token', signal, async () => {
      await kv.ready(signal);
      const needs = needsOf(at, kv, ownPath);
      const doing = 'ask for the capabilities of this token';
      const body = JSON.stringify({ paths: needs.map(({ path }) => path) });
      const path = ['sys', 'capabilities-self'];
      const reply = await kv.call({ method: 'POST', path, body, doing, signal }).catch((caught: unknown) => {
        if (caught instanceof KeyturnError && caught.code === 'DENIED') return null;
        throw caught;
      });
      if (reply === null) return null;
      const told = field(reply.json, 'data');
      const missing = new Map<string, MissingRight>();
      for (const { path: asked, covers, capabilities } of needs) {
        const has: unknown = field(told, asked);
        if (!Array.isArray(has)) throw badReply(doing);
        if (has.includes('root')) continue;
        for (const permission of capabilities.filter((one) => !has.includes(one))) {
          const grant = policyLine(covers, capabilities);
          missing.set(`${permission} ${covers}`, { permission, on: covers, grant });
        }
      }
      return [...missing.values()];
    });
}
