/** How many stores or issuers are waited for at once. */
const AT_ONCE = 4;
/** How many ledgers are read at once: a thousand questions at the same moment would wait for each other until they are given up. */
export const READS_AT_ONCE = 32;

/** The answers of `work` for every item, in their order, with a few under way at a time. */
export async function inParallel<Item, Answer>(
  items: readonly Item[],
  work: (item: Item) => Promise<Answer>,
  atOnce = AT_ONCE,
): Promise<readonly Answer[]> {
  const answers = new Map<number, Answer>();
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [at, item] of queue) answers.set(at, await work(item));
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return items.map((_, at) => answers.get(at) as Answer);
}
