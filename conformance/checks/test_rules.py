"""The pytest face of the checks: this file stands for the catalogue, one test item per rule.

It holds no test function. The plugin, :mod:`conformance.plugin`, collects it by a collector of its own and gives
each rule an item whose name is the rule's id; without the plugin there is nothing here to run.
"""
