"""Sockets, timeouts, threads and processes: the imperative shell round the pure core.

server      the event loop of one process      door        who comes in
client      one connection in it               pace        how long it may take
shortcut    answers from memory                replay      that memory, of one second
outbox      what still has to be sent          offload     answers that wait, in threads
poller      waiting for many sockets           access_log  a line for each reply

supervisor  one process that keeps the others  crew        starts and replaces workers
worker      what such a process does           share       how many connections each one has
listening   sockets that outlive a reload      signals     which of them means what
ledger      programs that must not outlive it  descriptors how many there may be
logs        where the logs go
"""
