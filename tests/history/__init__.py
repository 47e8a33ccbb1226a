"""What earlier versions wrote and said, kept for good: data directories and conversations.

A folder per version (the commit it was) holds

    closed.tar.xz    a data directory after a clean end
    killed.tar.xz    one whose process was killed (SIGKILL) right after its last answer
    closed.json      what the tests must know about each: ids, leases, versions, a token
    killed.json
    conversation.jsonl.xz  bytes that a client sent over TCP and WebSocket, and what it got
    requests.json.xz answers.json.xz errors.json.xz    the vectors of that version

`python -m tests.history.write VERSION` makes such a folder from the code that is checked out. What
is there already is never written again: it stands for what people have on their disks.
"""
