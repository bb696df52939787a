"""What ``tora import`` reads: one module a source, each giving runs as the records of `records`.

A source is read twice: once to know its runs whole, and to find what is wrong before anything is stored, and once
more to store the points, so that none of it has to be kept.
"""
