// What the groups of operations have in common.
import type { AnyOptions } from './options.js';
import type { Answer, OperationId, Transport, Values } from './transport.js';

/** Operations of one kind. */
export abstract class Group {
  readonly #transport: Transport;
  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }
  /** @internal */
  protected async call<Id extends OperationId>(id: Id, values: Values<Id>, options: AnyOptions = {}): Promise<Answer<Id>> {
    return this.#transport.call(id, values, options);
  }
}
