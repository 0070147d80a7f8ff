/** Values in the order they came, each waited for. */
interface Mailbox<T> {
  put(value: T): void;
  take(): Promise<T>;
}

export function mailbox<T>(): Mailbox<T> {
  const values: T[] = [];
  const waiting: ((value: T) => void)[] = [];
  return {
    put(value) {
      const taker = waiting.shift();
      if (taker) taker(value);
      else values.push(value);
    },
    take() {
      return values.length > 0
        ? Promise.resolve(values.shift() as T)
        : new Promise((resolve) => waiting.push(resolve));
    },
  };
}
