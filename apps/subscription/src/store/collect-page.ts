/** One of what is listed. */
export interface Row {
  readonly key: string;
  readonly document: string;
}

export interface Page {
  readonly rows: readonly Row[];
  /** The key after which the next page begins; undefined on the last. */
  readonly nextAfter: string | undefined;
}

export interface PageSource {
  readonly pageSize: number;
  /** The key after which the page begins; empty for the first. */
  readonly after: string;
  /** Rows with greater keys in the order of their keys, up to the limit. */
  readonly read: (after: string, limit: number) => Promise<readonly Row[]>;
}

/** Half of the 4 MiB that a gRPC client takes by default. */
const MAX_PAGE_BYTES = 2 * 1024 * 1024;
/** Rows are read in pieces, so that large ones are never all in memory. */
const ROWS_PER_READ = 50;

/** Gathers up to `pageSize` rows, fewer if they are large, but at least one if there is any. */
export async function collectPage({ pageSize, after, read }: PageSource): Promise<Page> {
  const rows: Row[] = [];
  let bytes = 0;
  for (;;) {
    // One row more than the page takes tells whether there is a next page.
    const limit = Math.min(ROWS_PER_READ, pageSize + 1 - rows.length);
    const piece = await read(rows.at(-1)?.key ?? after, limit);
    for (const row of piece) {
      bytes += Buffer.byteLength(row.document);
      const isFull = rows.length === pageSize || (rows.length > 0 && bytes > MAX_PAGE_BYTES);
      if (isFull) return { rows, nextAfter: rows.at(-1)?.key };
      rows.push(row);
    }
    if (piece.length < limit) return { rows, nextAfter: undefined };
  }
}
