import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What takes longest, and what the other files can run beside; it begins first. */
const LONG = [
  'acceptance/acceptance',
  'simulation/',
  'acceptance/canary',
  'cli/rotate',
  'cli/demo',
  'cli/keys',
  'fuzz/',
  'kill/',
  'ensure',
  'commands/init',
  'stores/file-kill',
  'commands/look',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = LONG.findIndex((name) => moduleId.includes(`/test/${name}`));
      return place < 0 ? LONG.length : place;
    };
    return files.toSorted((a, b) => rank(a) - rank(b));
  }
}

// On Node 20 every process reads these certificates when it starts, which takes longer than many a test; none needs them.
delete process.env.NODE_EXTRA_CA_CERTS;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // For two cores: half of the files wait, for overlaps and other processes.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    // A crowded machine is slow; what hangs is found all the same.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
