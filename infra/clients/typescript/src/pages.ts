// Both list styles of the API as one: rows that are read page by page.

/** Rows of all pages, each of which is read when it is needed. */
export type Rows<Row> = AsyncGenerator<Row, void, undefined>;

/** The query of a list without a position: its own filters, and how many rows to read with one request. */
export type All<Query> = Omit<Query, 'limit' | 'startingAfter' | 'endingBefore' | 'pageToken'> & { pageSize?: number | undefined };

/** Iterates over all pages. A page may be empty with more to come: only the end of the list has no next position. */
export async function* rows<Row>(page: (position: string | undefined) => Promise<{ rows: Row[]; next: string | null | undefined }>): Rows<Row> {
  let position: string | null | undefined;
  do {
    const found: Awaited<ReturnType<typeof page>> = await page(position ?? undefined);
    yield* found.rows;
    position = found.next;
  } while (position);
}

/** Iterates over all pages of a list by cursors. */
export function rowsByCursor<Row>(page: (startingAfter: string | undefined) => Promise<{ data: Row[]; nextCursor: string | null }>): Rows<Row> {
  return rows((position) => page(position).then(({ data, nextCursor }) => ({ rows: data, next: nextCursor })));
}
