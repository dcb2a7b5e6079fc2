/** A queue that is read with `for await`, once. */
export interface Feed<T> extends AsyncIterable<T> {
  push(item: T): void;
  /** No more will come: the reader ends after what is there. */
  end(): void;
}

export function createFeed<T>(): Feed<T> {
  const items: T[] = [];
  let ended = false;
  let wake = () => {};
  return {
    push(item) {
      items.push(item);
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        for (let item = items.shift(); item !== undefined; item = items.shift()) yield item;
        if (ended) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
