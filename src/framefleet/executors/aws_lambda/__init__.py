"""Chunks in functions of AWS Lambda, and how functions are called at all.

Creating and deleting functions is the business of `account`.
"""
