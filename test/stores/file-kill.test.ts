import { type ChildProcess, spawn } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import type { Order, Report, Task } from './file-kill-child.ts';
import { type Bench, makeBench } from './file-store.ts';

/*
 * Real processes, ended by SIGKILL in every gap between two of their calls that change the file system: before the
 * first and after each. (Before the next is the same gap as after the one before; reading changes nothing in it.)
 */

const AT_ONCE = 4;
const READS = /^(lstat|stat|readdir|open|handle\.(close|readFile|stat))$/;
const LONG_MS = 60_000;
const { signal } = new AbortController();
const at = { credential: 'wa-prod', location: 'prod/token' };
const { location } = at;

describe('the file store, with processes that die or sleep', { timeout: LONG_MS }, () => {
  let built: string;
  const running = new Set<ChildProcess>();

  beforeAll(async () => {
    built = await mkdtemp(join(tmpdir(), 'keyturn-kill-'));
    const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
    await build({
      entryPoints: { child: here('file-kill-child.ts'), preload: here('file-kill-preload.ts') },
      bundle: true,
      splitting: true,
      minify: true,
      platform: 'node',
      format: 'esm',
      outdir: built,
      outExtension: { '.js': '.mjs' },
    });
  });
  afterAll(async () => {
    for (const child of running) child.kill('SIGKILL');
    await rm(built, { recursive: true, force: true });
  });

  interface Run {
    readonly child: ChildProcess;
    /** Resolves when the child has been struck by its signal, or has ended. */
    readonly struck: Promise<void>;
    readonly ended: Promise<Report | null>;
  }

  const start = (folder: string, task: Task, strike: string): Run => {
    const order: Order = { folder, location, task };
    const args = ['--import', join(built, 'preload.mjs'), join(built, 'child.mjs'), JSON.stringify(order)];
    const child = spawn(process.execPath, args, {
      env: { ...process.env, STRIKE: strike },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    running.add(child);
    let output = '';
    let tell: () => void = () => undefined;
    const struck = new Promise<void>((resolve) => {
      tell = resolve;
    });
    child.stdout?.on('data', (bytes: Buffer) => {
      output += bytes.toString();
      if (output.includes('struck\n')) tell();
    });
    const ended = new Promise<Report | null>((resolve) => {
      child.on('close', () => {
        running.delete(child);
        tell();
        const line = output.split('\n').find((one) => one.startsWith('{'));
        resolve(line === undefined ? null : (JSON.parse(line) as Report));
      });
    });
    return { child, struck, ended };
  };

  /** A store with the identity in a file, for the children to read. */
  const prepare = async (fill: (bench: Bench) => Promise<void>): Promise<Bench> => {
    const bench = await makeBench();
    await writeFile(join(bench.folder, 'identity'), `${bench.identity}\n`, { mode: 0o600 });
    await fill(bench);
    return bench;
  };

  /** Does the same from the same beginning once for every strike, on copies. */
  const forEach = async <T>(
    items: readonly T[],
    origin: Bench,
    work: (item: T, bench: Bench) => Promise<void>,
  ): Promise<void> => {
    const left = [...items];
    const worker = async () => {
      for (let item = left.shift(); item !== undefined; item = left.shift()) {
        const bench = await makeBench();
        await cp(origin.folder, bench.folder, { recursive: true, preserveTimestamps: true });
        await work(item, bench);
        await bench.close();
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  };

  /** Every point at which the task can be struck. */
  const strikesOf = async (origin: Bench, task: Task): Promise<readonly string[]> => {
    const strikes: string[] = [];
    await forEach([task], origin, async (one, bench) => {
      const report = await start(bench.folder, one, 'count').ended;
      if (report?.ok !== true) throw new Error(`the task does not succeed: ${JSON.stringify(report)}`);
      const changes = report.calls.flatMap((name, index) => (READS.test(name) ? [] : [index + 1]));
      strikes.push(`${changes[0]}:before`, ...changes.map((call) => `${call}:after`));
    });
    return strikes;
  };

  const killEverywhere = async (
    origin: Bench,
    task: Task,
    verify: (bench: Bench, strike: string) => Promise<void>,
  ): Promise<void> => {
    const strikes = await strikesOf(origin, task);
    expect(strikes.length).toBeGreaterThan(6);
    await forEach(strikes, origin, async (strike, bench) => {
      const { child, ended } = start(bench.folder, task, `${strike}:SIGKILL`);
      await ended;
      expect(child.signalCode, strike).toBe('SIGKILL');
      await verify(bench, strike);
    });
    await origin.close();
  };

  const stage = async (bench: Bench, mark: string, text: string) =>
    (await bench.store.stage({ location, mark, text: Secret.of(text) }, signal)).version;
  const putFirst = async (bench: Bench) => {
    const version = await stage(bench, 'r1.1', 'old words');
    await bench.store.promote({ location, version, base: null }, signal);
    return version;
  };
  const promoteNext = async (bench: Bench, text: string, strike: string) => {
    const store = bench.open();
    const current = await store.read(location, 'current', signal);
    const { version } = await store.stage({ location, mark: 'r9.9', text: Secret.of(text) }, signal);
    await store.promote({ location, version, base: current?.version ?? null }, signal);
    expect(await bench.consume(location), strike).toBe(text);
  };

  test('killed while it stages', async () => {
    const origin = await prepare(async (bench) => {
      await putFirst(bench);
    });
    await killEverywhere(origin, { do: 'stage', mark: 'r2.1', text: 'new words' }, async (bench, strike) => {
      expect(await bench.consume(location), strike).toBe('old words');
      const staged = await bench.open().read(location, { mark: 'r2.1' }, signal);
      expect([undefined, 'new words'], strike).toContain(staged?.text.open() ?? undefined);
      const again = await stage(bench, 'r2.1', 'new words');
      expect(again, strike).toBe(staged?.version ?? again);
      await promoteNext(bench, 'next words', strike);
    });
  });

  test('killed while it promotes', async () => {
    let task: Task | undefined;
    const origin = await prepare(async (bench) => {
      const base = await putFirst(bench);
      task = { do: 'promote', version: await stage(bench, 'r2.1', 'new words'), base };
    });
    await killEverywhere(origin, task as Task, async (bench, strike) => {
      const consumed = await bench.consume(location);
      expect(['old words', 'new words'], strike).toContain(consumed);
      expect((await bench.open().read(location, 'current', signal))?.text.open()).toBe(consumed);
      await promoteNext(bench, 'next words', strike);
    });
  });

  test('killed while it promotes, and the same promoted again', async () => {
    let task: Extract<Task, { do: 'promote' }> | undefined;
    const origin = await prepare(async (bench) => {
      const version = await stage(bench, 'r1.1', 'new words');
      task = { do: 'promote', version, base: null };
    });
    await killEverywhere(origin, task as Task, async (bench, strike) => {
      expect([null, 'new words'], strike).toContain(await bench.consume(location));
      const request = { location, version: task?.version ?? '', base: null };
      expect(await bench.open().promote(request, signal)).toEqual({ version: task?.version });
      expect(await bench.consume(location), strike).toBe('new words');
    });
  });

  test.each([['its first document', false] as const, ['the next document', true] as const])(
    'killed while it saves %s',
    async (_, second) => {
      let revision: string | null = null;
      const origin = await prepare(async (bench) => {
        if (second) ({ revision } = await bench.store.ledgers.save(at, 'old words', null, signal));
      });
      await killEverywhere(origin, { do: 'save', document: 'new words', revision }, async (bench, strike) => {
        const { ledgers } = bench.open();
        const found = await ledgers.load(at, signal);
        expect([second ? 'old words' : undefined, 'new words'], strike).toContain(found?.document);
        const saved = await ledgers.save(at, 'next words', found?.revision ?? null, signal);
        expect(await ledgers.load(at, signal), strike).toEqual({ document: 'next words', ...saved });
      });
    },
  );

  test('stopped while it promotes, never moves back what others did meanwhile', async () => {
    let base = '';
    let version = '';
    const origin = await prepare(async (bench) => {
      base = await putFirst(bench);
      version = await stage(bench, 'r2.1', 'sleeping words');
      await stage(bench, 'r3.1', 'second words');
      await stage(bench, 'r4.1', 'third words');
    });
    const task: Task = { do: 'promote', version, base };
    await forEach(await strikesOf(origin, task), origin, async (strike, bench) => {
      const { child, struck, ended } = start(bench.folder, task, `${strike}:SIGSTOP`);
      await struck;
      const landed = (await bench.consume(location)) === 'sleeping words';
      const store = bench.open();
      const mark = async (name: string) =>
        (await store.read(location, { mark: name }, signal))?.version ?? '';
      const second = { location, version: await mark('r3.1'), base: landed ? version : base };
      await store.promote(second, signal);
      await store.promote({ location, version: await mark('r4.1'), base: second.version }, signal);
      child.kill('SIGCONT');
      const report = await ended;
      expect(await bench.consume(location), strike).toBe('third words');
      if (landed) expect(report?.ok, strike).toBe(true);
      else expect(report, strike).toEqual({ ok: false, code: 'CONFLICT' });
    });
    await origin.close();
  });

  test('racing for real, loses no step and never leaves readers without a value', async () => {
    const rounds = 8;
    const bench = await prepare(async (one) => {
      const version = await stage(one, 'r0.1', '.');
      await one.store.promote({ location, version, base: null }, signal);
    });
    const names = ['a', 'b', 'c'];
    const runs = names.map((name) => start(bench.folder, { do: 'race', name, rounds }, ''));
    let racing = true;
    const ends = Promise.all(runs.map(({ ended }) => ended)).then((reports) => {
      racing = false;
      return reports;
    });
    let length = 0;
    while (racing) {
      const seen = await bench.consume(location);
      expect(seen?.length).toBeGreaterThanOrEqual(Math.max(1, length));
      length = seen?.length ?? 0;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect((await ends).map((report) => report?.ok)).toEqual([true, true, true]);
    const expected = names.map((name) => name.repeat(rounds)).join('');
    const sorted = (text: string | null | undefined) => [...(text ?? '')].sort().join('');
    expect(sorted(await bench.consume(location))).toBe(`.${expected}`);
    expect(sorted((await bench.store.ledgers.load(at, signal))?.document)).toBe(expected);
    await bench.close();
  });
});
