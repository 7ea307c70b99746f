"""The names of our own facts, the same in spans and in log lines: none holds personal data or a document's number."""

from typing import Final

FLOW_NAME: Final = "tieout.flow.name"
CONNECTION_NAME: Final = "tieout.connection.name"
STREAM_NAME: Final = "tieout.stream.name"
SYNC_RUN_ID: Final = "tieout.sync_run.id"
SYNC_RUN_RECEIVED: Final = "tieout.sync_run.received"
"""How many new envelopes a sync run brought."""
TRANSACTION_ID: Final = "tieout.transaction.id"
TRANSACTION_COUNT: Final = "tieout.transaction.count"
"""How many transactions an act is about."""
OUTCOMES: Final = "tieout.outcomes"
"""The different answers that came, in alphabetical order."""
