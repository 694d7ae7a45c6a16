"""Structured logs: one JSON object a line on stderr, the same in every process.

`configure_logging` is called once in each `__main__`. Lines about a call or chat carry `interaction_id`
(bound by `structlog.contextvars.bind_contextvars` or given as a key).
"""

import logging
import sys

import structlog


def configure_logging(process: str, level: str = "INFO") -> None:
    """Send structlog and the standard library's logging to stderr as JSON.

    Args:
        process: the name in the field `process` of each line, e.g. "acd".
        level: the lowest level that is written.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        lambda _logger, _name, fields: {"process": process, **fields},
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
