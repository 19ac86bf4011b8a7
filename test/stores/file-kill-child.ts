import { KeyturnError } from '../../src/core/errors.ts';
import { Secret } from '../../src/core/secret.ts';
import { createFileStore } from '../../src/stores/file/index.ts';
import { contextIn } from './plugin-context.ts';

/** What a child process of the kill tests is asked to do, as JSON in its first argument. */
export type Task =
  | { readonly do: 'stage'; readonly mark: string; readonly text: string }
  | { readonly do: 'promote'; readonly version: string; readonly base: string | null }
  | { readonly do: 'save'; readonly document: string; readonly revision: string | null }
  /** Appends its name to the ledger and to the current value, again and again, against whoever does the same. */
  | { readonly do: 'race'; readonly name: string; readonly rounds: number };

export interface Order {
  readonly folder: string;
  readonly location: string;
  readonly task: Task;
}

/** What the child says at its end, as JSON on its last line. */
export type Report =
  | { readonly ok: true; readonly count: number; readonly calls: readonly string[] }
  | { readonly ok: false; readonly code: string };

const { signal } = new AbortController();
const { folder, location, task } = JSON.parse(process.argv[2] ?? '') as Order;
const strike = (globalThis as { strike?: { on: boolean; count: number; calls: string[] } }).strike;
const store = createFileStore(
  { kind: 'file', path: 'secrets', identity: 'file:identity' },
  contextIn(folder, {}),
);
const at = { credential: 'wa-prod', location };

async function work(): Promise<void> {
  switch (task.do) {
    case 'stage':
      await store.stage({ location, mark: task.mark, text: Secret.of(task.text) }, signal);
      return;
    case 'promote':
      await store.promote({ location, version: task.version, base: task.base }, signal);
      return;
    case 'save':
      await store.ledgers.save(at, task.document, task.revision, signal);
      return;
    case 'race':
      for (let round = 0; round < task.rounds; round += 1) {
        await insist(() => addToLedger(task.name));
        await insist(() => addToValue(task.name, round));
      }
  }
}

async function addToLedger(name: string): Promise<void> {
  const found = await store.ledgers.load(at, signal);
  await store.ledgers.save(at, `${found?.document ?? ''}${name}`, found?.revision ?? null, signal);
}

let tries = 0;
async function addToValue(name: string, round: number): Promise<void> {
  tries += 1;
  const current = await store.read(location, 'current', signal);
  const text = Secret.of(`${current?.text.open() ?? ''}${name}`);
  const { version } = await store.stage({ location, mark: `${name}.${round}.${tries}`, text }, signal);
  await store.promote({ location, version, base: current?.version ?? null }, signal);
}

async function insist(step: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await step();
    } catch (caught) {
      if (!(caught instanceof KeyturnError) || caught.code !== 'CONFLICT') throw caught;
    }
  }
}

let report: Report;
try {
  if (strike !== undefined) strike.on = true;
  await work();
  report = { ok: true, count: strike?.count ?? 0, calls: strike?.calls ?? [] };
} catch (caught) {
  report = { ok: false, code: caught instanceof KeyturnError ? caught.code : String(caught) };
}
process.stdout.write(`${JSON.stringify(report)}\n`);
