"""Two graphs, or two runtimes, side by side: where do they part, by how much, and does it cost answers?"""
