/** How many stores or issuers are waited for at once. */
const AT_ONCE = 4;

/** The answers of `work` for every item, in their order, with a few under way at a time. */
export async function inParallel<Item, Answer>(
  items: readonly Item[],
  work: (item: Item) => Promise<Answer>,
): Promise<readonly Answer[]> {
  const answers = new Map<number, Answer>();
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [at, item] of queue) answers.set(at, await work(item));
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  return items.map((_, at) => answers.get(at) as Answer);
}
