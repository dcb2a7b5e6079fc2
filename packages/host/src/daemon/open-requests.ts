/** The requests under way. */
export interface OpenRequests {
  /** One more; returns how to say that it is answered. */
  begin(): () => void;
  /** Resolves once all that are open are answered, or after `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>;
}

/** `onBegin` is told of each one, and what it returns is called when that one is answered. */
export function createOpenRequests(onBegin: () => () => void): OpenRequests {
  const open = new Set<Promise<void>>();
  return {
    begin() {
      const onEnd = onBegin();
      const answered = Promise.withResolvers<void>();
      open.add(answered.promise);
      return () => {
        if (!open.delete(answered.promise)) return;
        onEnd();
        answered.resolve();
      };
    },
    async drain(timeoutMs) {
      await Promise.race([Promise.all(open), Bun.sleep(timeoutMs)]);
    },
  };
}

/** The same response; `done` is called when its body was sent, or its reader went away. */
export function endWith(response: Response, done: () => void): Response {
  if (!response.body) {
    done();
    return response;
  }
  const reader = response.body.getReader();
  const source = {
    async pull(controller: ReadableStreamDefaultController<Uint8Array>) {
      try {
        const { done: ended, value } = await reader.read();
        if (!ended) return controller.enqueue(value);
        controller.close();
        done();
      } catch (error) {
        done();
        throw error;
      }
    },
    async cancel(reason: unknown) {
      done();
      await reader.cancel(reason);
    },
  };
  // Nothing is read ahead: what its reader has not taken is not sent yet.
  return new Response(new ReadableStream(source, { highWaterMark: 0 }), response);
}
