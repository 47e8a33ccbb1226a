"""The whole of Flo in one process, by one seed: clients, workers, network, server, disk and time.

`clockwork.py` is the time, and all that else comes from outside (chance, secrets). `network.py`
carries bytes, and loses them; `disk.py` keeps what was synced. `world.py` is what all worlds have,
and `faults.py` how things go wrong in them: `single/` has one server, `cluster/` nodes and a NATS,
`leads/` nodes without connections. `work/` is what clients do, and how it is judged.
"""
