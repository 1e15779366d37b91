/** As large as the API allows. */
export const PAGE_SIZE = 1000;

interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextPageToken: string;
}

/**
 * Every item of a paged list, page by page as they come.
 * @throws Error when the server hands out the same page token twice: the list would never end
 */
export async function* eachItem<Item>(fetchPage: (pageToken: string) => Promise<Page<Item>>): AsyncGenerator<Item> {
  let pageToken = "";
  do {
    const page = await fetchPage(pageToken);
    yield* page.items;
    if (page.nextPageToken !== "" && page.nextPageToken === pageToken) {
      throw new Error(`the server repeats the page token ${pageToken}`);
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
}

/** The first of them; no page is asked for beyond them. */
export async function* firstItems<Item>(items: AsyncIterable<Item>, count: number): AsyncGenerator<Item> {
  let given = 0;
  for await (const item of items) {
    yield item;
    given += 1;
    if (given === count) return;
  }
}

/** All of them at once, for what has to be aligned. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
