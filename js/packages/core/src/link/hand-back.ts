/**
 * What to send when a delivery arrives for a caller that gave up waiting.
 *
 * Without this, what a cancelled `dequeue` was given would be out of everybody's sight until its
 * lease runs out.
 */

import {
  type DequeueResult,
  GroupClaim,
  GroupNack,
  GroupRead,
  QueueDequeue,
  QueueNack,
  type ReadResult,
  type Task,
  type TurnReply,
  WorkerAwait,
  WorkerExchange,
  WorkerRelease,
  WorkerTurn,
} from "../wire/messages.generated.js";
import type { Request } from "../wire/request.js";

/** The commands that give back what `result` delivered. */
export function handBack(request: Request<unknown>, result: unknown): Request<unknown>[] {
  const kind: unknown = request.kind;
  const fields: unknown = request.fields;
  if (kind === QueueDequeue) {
    return releaseMessages(fields as QueueDequeue, result as DequeueResult);
  }
  if (kind === GroupRead || kind === GroupClaim) {
    return releaseRecords(fields as GroupRead | GroupClaim, result as ReadResult);
  }
  if (kind === WorkerAwait || kind === WorkerExchange) {
    return releaseTasks(fields as WorkerAwait | WorkerExchange, result as Task[]);
  }
  if (kind === WorkerTurn) {
    return releaseTasks(fields as WorkerTurn, (result as TurnReply).tasks);
  }
  return [];
}

function releaseTasks(
  { workerId }: WorkerAwait | WorkerExchange | WorkerTurn,
  tasks: readonly Task[],
): Request<unknown>[] {
  return tasks.map(({ runId, lease }) => WorkerRelease.of({ workerId, runId, lease }));
}

function releaseMessages(request: QueueDequeue, result: DequeueResult): Request<unknown>[] {
  const leased = result.messages.filter((message) => message.lease);
  if (leased.length === 0 || request.onDelivery) {
    return [];
  }
  return [
    QueueNack.of({
      queue: request.queue,
      seqs: leased.map((message) => message.seq),
      leases: leased.map((message) => message.lease),
      release: true,
    }),
  ];
}

function releaseRecords(request: GroupRead | GroupClaim, result: ReadResult): Request<unknown>[] {
  const leased = result.records.filter((record) => record.lease);
  if (leased.length === 0) {
    return [];
  }
  const { stream, group, consumer } = request;
  return [
    GroupNack.of({
      stream,
      group,
      consumer,
      ids: leased.map((record) => record.id),
      leases: leased.map((record) => record.lease),
      release: true,
    }),
  ];
}
