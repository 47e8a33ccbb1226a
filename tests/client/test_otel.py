"""Traces by OpenTelemetry: one from a page's append to the last handler, retries as spans."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NoOpTracerProvider, SpanContext, SpanKind, StatusCode

from floruntime import (
    ActionContext,
    ActionWorker,
    BadRequestError,
    NonRetryableError,
    QueueContext,
    StreamContext,
    StreamWorker,
)
from floruntime.core.queue import QueueEnqueue
from floruntime.core.trace import read_traceparent
from floruntime.otel import instrument, uninstrument
from floruntime.sync import FloClient as SyncClient
from floruntime.testing import FloTestServer

ORDERS = """
kind: Workflow
name: orders
version: "1"
trigger:
  stream: orders
start:
  run: "@actions/charge"
  transitions: { success: flo.Completed, failure: flo.Failed }
"""
TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.fixture
def provider() -> Iterator[TracerProvider]:
    provider = TracerProvider()
    instrument(provider)
    yield provider
    uninstrument()
    provider.shutdown()


@pytest.fixture
def spans(provider: TracerProvider) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter


def _named(spans: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in spans.get_finished_spans() if span.name == name]


def _one(spans: InMemorySpanExporter, name: str) -> ReadableSpan:
    [span] = _named(spans, name)
    return span


def _trace_ids(spans: InMemorySpanExporter) -> set[int]:
    return {_context(span).trace_id for span in spans.get_finished_spans()}


def _context(span: ReadableSpan) -> SpanContext:
    assert span.context is not None
    context: SpanContext = span.context
    return context


def _is_below(child: ReadableSpan, parent: ReadableSpan) -> bool:
    return child.parent is not None and child.parent.span_id == _context(parent).span_id


async def test_one_trace_from_a_pages_append_to_the_last_handler_and_its_retry(
    spans: InMemorySpanExporter, provider: TracerProvider
) -> None:
    worker = ActionWorker()
    mailed: list[QueueContext] = []

    @worker.action("charge", max_retries=2, retry_delay_ms=1_000)
    async def charge(ctx: ActionContext) -> None:
        if ctx.attempt == 1:
            raise ValueError("the card was refused")
        ctx.batch().queue.enqueue("mails", b"paid")

    @worker.queue("mails")
    async def mail(ctx: QueueContext) -> None:
        mailed.append(ctx)
        await ctx.client.action.invoke("archive", b"", create=True)

    @worker.action("archive")
    def archive(ctx: ActionContext) -> None:
        ctx.client.stream.append("archive", ctx.payload)

    async with FloTestServer() as server, server.client() as client:
        await client.action.register("charge")
        await client.workflow.sync(ORDERS)
        async with server.running(worker), server.web_client() as page:
            with provider.get_tracer("page").start_as_current_span("click"):
                await page.streams.append("orders", b"{}")
            await server.advance(60_000)
            [last] = (await client.stream.read("archive")).records

    click, append = _one(spans, "click"), _one(spans, "append orders")
    first, second = _named(spans, "process charge")
    batch, mail_span = _one(spans, "batch"), _one(spans, "process mails")
    invoked, archived = _one(spans, "invoke archive"), _one(spans, "process archive")
    kept = _one(spans, "append archive")
    assert len(_trace_ids(spans)) == 1
    assert _is_below(append, click)
    assert _is_below(first, append)
    assert _is_below(second, append)
    assert _is_below(batch, second)
    assert _is_below(mail_span, batch)
    assert _is_below(invoked, mail_span)
    assert _is_below(archived, invoked)
    assert _is_below(kept, archived)
    assert last.traceparent is not None
    assert last.traceparent[3:35] == f"{_context(append).trace_id:032x}"
    assert append.kind is SpanKind.PRODUCER
    assert first.kind is SpanKind.CONSUMER
    for attempt in (first, second):
        [link] = attempt.links
        assert link.context.span_id == _context(append).span_id
    assert [each.attributes["flo.attempt"] for each in (first, second) if each.attributes] == [1, 2]
    assert first.status.status_code is StatusCode.ERROR
    assert first.status.description == "the card was refused"
    assert second.status.is_ok
    assert mailed[0].trace_id == f"{_context(click).trace_id:032x}"


async def test_spans_say_what_opentelemetrys_conventions_of_messaging_name(
    spans: InMemorySpanExporter,
) -> None:
    async def handle(ctx: StreamContext) -> None:
        ctx.log.info("here")

    worker = StreamWorker(stream="events", group="readers", handler=handle)
    async with FloTestServer() as server, server.client(namespace="shop") as client:
        await client.stream.append_many("events", [b"1", b"2"])
        worker = StreamWorker(namespace="shop", stream="events", group="readers", handler=handle)
        async with server.running(worker):
            await server.settle()
    assert dict(_one(spans, "append events").attributes or {}) == {
        "messaging.system": "flo",
        "messaging.operation.name": "append",
        "messaging.operation.type": "send",
        "messaging.destination.name": "events",
        "messaging.batch.message_count": 2,
        "flo.primitive": "stream",
        "flo.namespace": "shop",
    }
    told = dict(_named(spans, "process events")[0].attributes or {})
    assert told.pop("messaging.message.id")
    assert told == {
        "messaging.system": "flo",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "events",
        "messaging.consumer.group.name": "readers",
        "flo.primitive": "stream",
        "flo.namespace": "shop",
        "flo.attempt": 1,
    }


async def test_dead_letters_requeued_keep_their_trace(spans: InMemorySpanExporter) -> None:
    worker = ActionWorker()
    tries: list[str | None] = []

    @worker.queue("mails")
    async def mail(ctx: QueueContext) -> None:
        tries.append(ctx.trace_id)
        if len(tries) == 1:
            raise NonRetryableError("no such address")

    async with FloTestServer() as server, server.client() as client, server.running(worker):
        await client.queue.enqueue("mails", b"hi")
        await server.settle()
        [dead] = (await client.queue.dlq_list("mails")).messages
        await client.queue.dlq_requeue("mails", dead)
        await server.settle()
    assert len(_trace_ids(spans)) == 1
    assert len(set(tries)) == 1
    assert len(tries) == 2
    assert dead.traceparent is not None


async def test_without_an_sdk_nothing_is_recorded_and_nothing_travels(
    spans: InMemorySpanExporter,
) -> None:
    instrument(NoOpTracerProvider())
    async with FloTestServer() as server, server.client() as client:
        await client.action.register("work")
        invoked = await client.action.invoke("work")
        assert (await client.action.status(invoked.run_id)).traceparent is None
    assert not spans.get_finished_spans()


async def test_a_call_without_await_is_in_the_callers_trace(
    spans: InMemorySpanExporter, provider: TracerProvider
) -> None:
    def ask(endpoint: str) -> str | None:
        with (
            provider.get_tracer("app").start_as_current_span("request"),
            SyncClient(endpoint) as client,
        ):
            client.action.register("work")
            run_id = client.action.invoke("work").run_id
            return client.action.status(run_id).traceparent

    async with FloTestServer() as server:
        traceparent = await asyncio.to_thread(ask, server.endpoint)
    assert traceparent is not None
    assert _is_below(_one(spans, "invoke work"), _one(spans, "request"))


async def test_logs_of_handlers_carry_run_and_trace(
    spans: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "floruntime.worker")
    worker = ActionWorker()

    @worker.action("work")
    async def work(ctx: ActionContext) -> None:
        ctx.log.info("half way", extra={"mine": 1})

    async with FloTestServer() as server, server.client() as client, server.running(worker):
        run_id = (await client.action.invoke("work")).run_id
        await server.settle()
    [record] = [each for each in caplog.records if "half way" in each.getMessage()]
    fields = vars(record)
    assert fields["run_id"] == run_id
    assert fields["mine"] == 1
    assert fields["trace_id"] == f"{_trace_ids(spans).pop():032x}"


async def test_logs_go_on_where_an_applications_records_have_such_fields_already(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "floruntime.worker")
    former = logging.getLogRecordFactory()

    def make(*args: object, **options: object) -> logging.LogRecord:
        record: logging.LogRecord = former(*args, **options)
        record.run_id = "the application's"
        return record

    worker = ActionWorker()

    @worker.action("work")
    async def work(ctx: ActionContext) -> None:
        ctx.log.info("half way")

    logging.setLogRecordFactory(make)
    try:
        async with FloTestServer() as server, server.client() as client, server.running(worker):
            await client.action.invoke("work")
            await server.settle()
    finally:
        logging.setLogRecordFactory(former)
    [record] = [each for each in caplog.records if "half way" in each.getMessage()]
    assert vars(record)["run_id"] == "the application's"


class _Hanging(SpanExporter):  # type: ignore[misc] # its package may not be there
    def __init__(self) -> None:
        self.entered = threading.Event()
        self.let_go = threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.entered.set()
        self.let_go.wait()
        return SpanExportResult.SUCCESS


async def test_an_exporter_that_hangs_slows_nobody(provider: TracerProvider) -> None:
    exporter = _Hanging()
    provider.add_span_processor(
        BatchSpanProcessor(exporter, max_queue_size=20, max_export_batch_size=10)
    )
    done: list[bytes] = []

    async def handle(ctx: StreamContext) -> None:
        done.append(ctx.payload)

    worker = StreamWorker(stream="events", group="readers", handler=handle)
    try:
        async with FloTestServer() as server, server.client() as client, server.running(worker):
            for number in range(200):
                await client.stream.append("events", b"%d" % number)
            await server.settle()
        assert exporter.entered.is_set()
        assert len(done) == 200
    finally:
        exporter.let_go.set()


async def test_what_is_no_traceparent_is_refused_by_name() -> None:
    async with FloTestServer() as server, server.client() as client:
        request = QueueEnqueue("mails", [b"hi"], traceparent="01-none")
        with pytest.raises(BadRequestError, match="traceparent '01-none' must look like 00-"):
            await client.call(request)


def test_headers_of_later_versions_are_read_and_others_ignored() -> None:
    assert read_traceparent(TRACEPARENT) == TRACEPARENT
    assert read_traceparent(f"cc{TRACEPARENT[2:]}-what-comes-later") == TRACEPARENT
    for text in (
        "",
        "ff" + TRACEPARENT[2:],
        TRACEPARENT.upper(),
        TRACEPARENT.replace(TRACE, "0" * 32),
    ):
        assert read_traceparent(text) is None
    assert read_traceparent(None) is None


def test_nothing_of_opentelemetry_is_imported_where_nobody_asks_for_traces() -> None:
    program = "import sys, floruntime, floruntime.sync; sys.exit('opentelemetry' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
