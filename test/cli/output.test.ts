import { describe, expect, it, vi } from 'vitest';
import { line, table, toned } from '../../src/cli/command.ts';
import { colours, createPainter, loadColours } from '../../src/cli/output.ts';
import { createDisplay } from '../../src/cli/progress.ts';
import { readRequest } from '../../src/cli/request.ts';
import { runnerOf } from '../../src/cli/runner.ts';
import { span } from '../../src/cli/times.ts';
import type { Progress } from '../../src/engine/run.ts';

describe('results', () => {
  const rows = [
    ['wa-prod', toned('ok', 'good'), 'x'.repeat(100)],
    ['a-much-longer-name', 'waits', 'short'],
  ];

  it('are whole in a pipe, and fitted to a terminal', () => {
    const blocks = [table(['name', 'state', 'why'], rows)];
    const piped = createPainter({}, false, null).render(blocks);
    expect(piped).toBe(
      `NAME                STATE  WHY\nwa-prod             ok     ${'x'.repeat(100)}\na-much-longer-name  waits  short\n`,
    );
    const fitted = createPainter({}, false, 80).render(blocks).split('\n');
    expect(Math.max(...fitted.map((text) => text.length))).toBe(80);
    expect(fitted[1]?.endsWith('…')).toBe(true);
  });

  it('are broken between words on a terminal', async () => {
    await loadColours({ FORCE_COLOR: '1' }, true);
    const painter = createPainter({ FORCE_COLOR: '1' }, true, 20);
    const text = painter.render([line(toned('keyturn: error:', 'bad'), ' one two three four\n  five six')]);
    expect(text).toBe('\u001b[31mkeyturn: error:\u001b[39m one\n  two three four\n  five six\n');
    const word = 'x'.repeat(30);
    expect(painter.render([line(`a ${word} b`)])).toBe(`a ${word}\n  b\n`);
    expect(createPainter({}, false, null).render([line('x '.repeat(90))])).toBe(`${'x '.repeat(90)}\n`);
  });

  it('drive no terminal with the text of others', () => {
    const hostile = 'a\u001b[2Jb\u0007c\u202ed\u009b1m';
    const text = createPainter({}, false, null).render([line(hostile), table(['x'], [[`${hostile}\nnext`]])]);
    expect(text).toBe('a?[2Jb?c?d?1m\nX\na?[2Jb?c?d?1m next\n');
  });

  it.each([
    [{}, true, true],
    [{}, false, false],
    [{ TERM: 'dumb' }, true, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '' }, true, true],
    [{ FORCE_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '0' }, true, false],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false, true],
  ])('with %j on a terminal (%s) are coloured: %s', (env, terminal, coloured) => {
    expect(colours(env, terminal)).toBe(coloured);
  });

  it.each([
    [0, '0 s'],
    [59_000, '59 s'],
    [61_000, '2 min'],
    [3_600_000, '1 h'],
    [93_600_000, '1 d 2 h'],
  ])('tell %i ms as %s', (ms, text) => expect(span(ms)).toBe(text));
});

describe('progress', () => {
  const waiting: Progress = {
    kind: 'waiting',
    credential: 'wa-prod',
    reason: 'the old key works',
    until: 300_000,
  };
  const note = (event: string): Progress => ({
    kind: 'note',
    credential: 'wa-prod',
    note: { at: '2026-11-22T00:00:00.000Z', event, key: 'r.1' },
  });
  const show = (err: boolean, quiet = false) => {
    vi.useFakeTimers({ now: 0 });
    let text = '';
    const display = createDisplay(
      {
        env: {},
        flags: { json: false, quiet, verbose: false, input: false },
        terminal: { err, width: 80 } as never,
        world: { now: () => Date.now() } as never,
      },
      (more) => {
        text += more;
      },
    );
    return { display, text: () => text };
  };

  it('is a line a minute while a run waits, where there is no terminal', () => {
    const { display, text } = show(false);
    display.report(note('create-intended'));
    display.report(note('key-created'));
    display.report(waiting);
    display.report(waiting);
    vi.advanceTimersByTime(120_000);
    display.stop();
    vi.advanceTimersByTime(120_000);
    vi.useRealTimers();
    expect(text()).toBe(
      [
        'wa-prod  the issuer made r.1',
        'wa-prod  waits: the old key works (5 min left)',
        'wa-prod  waits: the old key works (4 min left)',
        'wa-prod  waits: the old key works (3 min left)',
        '',
      ].join('\n'),
    );
  });

  it('is a live line on a terminal, which goes when its outcome is there', () => {
    const { display, text } = show(true);
    display.report(note('create-intended'));
    display.report(note('key-created'));
    display.stop();
    vi.useRealTimers();
    expect(text()).toContain('wa-prod  asks the issuer for a new key');
    expect(text()).toMatch(/\[1A\r.\[J.*the issuer made r\.1/);
  });

  it('is nothing with --quiet, but for a sink that is down', () => {
    const { display, text } = show(false, true);
    display.report(note('key-created'));
    display.report(waiting);
    vi.advanceTimersByTime(120_000);
    display.report({ kind: 'sink-down', credential: 'wa-prod', sink: 'file-1', message: 'no room' });
    vi.useRealTimers();
    expect(text()).toBe('wa-prod  the trail sink file-1 is down: no room\n');
  });
});

describe('who runs', () => {
  it('knows a process that is gone from one that may live', () => {
    const runner = runnerOf({}, '0badcafe', undefined);
    const [boot, pid, started] = (runner.process ?? '').split('/');
    expect(runner.isGone(runner.host, runner.process ?? '')).toBe(false);
    expect(runner.isGone(runner.host, `${boot}/${pid}/${Number(started) + 1}`)).toBe(true);
    expect(runner.isGone(runner.host, `${boot}/4194304/1`)).toBe(true);
    // Another machine of this name, or another container on this one.
    expect(runner.isGone(runner.host, `another-boot/${pid}/1`)).toBe(false);
    expect(runner.isGone(runner.host, `${boot}0/${pid}/1`)).toBe(false);
    expect(runner.isGone('elsewhere', `${boot}/4194304/1`)).toBe(false);
  });

  it('is the job, with the reason, in CI', () => {
    const env = { GITLAB_CI: 'true', GITLAB_USER_LOGIN: 'ada', CI_PROJECT_PATH: 'a/b', CI_JOB_ID: '7' };
    expect(runnerOf(env, '0badcafe', 'nightly').by).toBe('gitlab:ada/a/b/7: nightly');
  });
});

describe('what stands after --', () => {
  it('is the command of exec', async () => {
    const read = await readRequest(
      ['exec', 'wa-prod', '--tag', 'a=b', '--', 'node', '--json', '--', 'x'],
      '0.0.0',
    );
    expect(read).toMatchObject({
      command: 'exec',
      flags: { json: false },
      asked: {
        invocation: { words: ['wa-prod'], rest: ['node', '--json', '--', 'x'], options: { tag: ['a=b'] } },
      },
    });
    expect(await readRequest(['exec', 'wa-prod'], '0.0.0')).toMatchObject({
      asked: { invocation: { rest: null } },
    });
    expect(await readRequest(['exec', 'wa-prod', '--'], '0.0.0')).toMatchObject({
      asked: { invocation: { rest: [] } },
    });
  });
});
