"""Mutation rounds: which changes of the code does no test notice?"""
